// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cassert>

#include "moqt/fetch_stream.hpp"

namespace astral::moqt {

namespace {

// A head that arrives in pieces is read in steps of this size, in bytes: most heads need less, and little of
// the payload after the head is copied for nothing.
constexpr std::size_t head_step = 64;

}  // namespace

Decoded<FetchReader::Step> FetchReader::read(Bytes &in) {
  if (!image_.started()) {
    const FetchContext before = context_;
    const auto head = next_head(in);
    if (!head) return tl::unexpected(head.error());
    if (!*head) return Step::need_more;
    if ((*head)->too_large || (*head)->payload_size > max_object_) return Step::too_large;
    if ((*head)->mandatory) return Step::malformed;
    if (!before.may_follow((*head)->item.id)) return violation("fetched objects are out of order");
    item_ = (*head)->item;
    if (item_.kind == FetchItem::Kind::object)
      image_.start(item_.properties, static_cast<std::size_t>((*head)->payload_size));
    item_.properties = {};
    head_ = {};
    if (item_.kind != FetchItem::Kind::object) return Step::missing;
  }
  return image_.take(in) ? Step::object : Step::need_more;
}

// The next head, from the bytes that were kept and those of `in`; nullopt if it is incomplete.
Decoded<std::optional<FetchHead>> FetchReader::next_head(Bytes &in) {
  if (head_.empty()) {
    auto head = context_.head(in);
    if (head && !*head) {
      head_.assign(in.begin(), in.end());
      in = {};
    }
    return head;
  }
  while (!in.empty()) {
    const std::size_t before = head_.size();
    const Bytes part = in.first(std::min(in.size(), head_step));
    head_.insert(head_.end(), part.begin(), part.end());
    Bytes rest(head_);
    auto head = context_.head(rest);
    if (!head) return head;
    if (*head) {
      in = in.subspan((*head)->too_large ? part.size() : head_.size() - rest.size() - before);
      return head;
    }
    in = in.subspan(part.size());
  }
  return std::nullopt;
}

Object FetchReader::take_object() {
  // The session calls this only after Step::object.
  assert(image_.started() && item_.kind == FetchItem::Kind::object);
  Object object = image_.finish(ObjectStatus::normal);
  object.id = item_.id;
  object.subgroup = item_.subgroup.value_or(0);
  object.first_object = item_.id.object == 0;
  object.priority = item_.priority;
  return object;
}

}  // namespace astral::moqt
