// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/fetch_stream.hpp"

#include <cassert>
#include <limits>

#include "moqt/limits.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {

namespace {

// Serialization Flags (§11.4.4).
constexpr std::uint64_t subgroup_mask = 0x03;
constexpr std::uint64_t subgroup_zero = 0, subgroup_prior = 1, subgroup_next = 2, subgroup_field = 3;
constexpr std::uint64_t object_bit = 0x04;
constexpr std::uint64_t group_bit = 0x08;
constexpr std::uint64_t priority_bit = 0x10;
constexpr std::uint64_t fetch_properties_bit = 0x20;
constexpr std::uint64_t datagram_bit = 0x40;
constexpr std::uint64_t end_of_nonexistent = 0x8C;
constexpr std::uint64_t end_of_unknown = 0x10C;

constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

std::optional<FetchItem> incomplete() {
  return std::nullopt;
}
std::optional<FetchHead> unfinished() {
  return std::nullopt;
}

}  // namespace

std::vector<std::uint8_t> encode(const FetchHeader &header) {
  Writer out;
  out.vi64(fetch_stream_type).vi64(raw(header.request));
  return out.take();
}

bool ends_before(Location end, Location start) {
  return end.group < start.group ||
         (end.group == start.group && end.object != 0 && end.object < start.object);
}

bool in_front_of(Location object, Location end) {
  return object.group < end.group ||
         (object.group == end.group && (end.object == 0 || object.object < end.object));
}

Decoded<std::uint64_t> FetchContext::group_after(std::uint64_t delta) const {
  if (order_ == GroupOrder::ascending) {
    if (at_->group == last || delta > last - at_->group - 1) return violation("fetched group above 2^64-1");
    return at_->group + delta + 1;
  }
  if (delta >= at_->group) return violation("fetched group below 0");
  return at_->group - delta - 1;
}

Decoded<std::optional<FetchItem>> FetchContext::next(Bytes &in) {
  FetchContext after = *this;
  Bytes rest = in;
  auto head = after.head(rest);
  if (!head) return tl::unexpected(head.error());
  if (!*head || rest.size() < (*head)->payload_size) return incomplete();
  if ((*head)->too_large) return violation("fetched object's properties above 64 KiB");
  FetchItem &item = (*head)->item;
  item.payload = rest.first(static_cast<std::size_t>((*head)->payload_size));
  in = rest.subspan(item.payload.size());
  *this = after;
  return item;
}

Decoded<std::optional<FetchHead>> FetchContext::head(Bytes &in) {
  Reader reader(in);
  FetchHead head;
  FetchItem &item = head.item;
  const std::uint64_t flags = reader.vi64();
  if (!reader.ok()) return unfinished();
  if (flags == end_of_nonexistent || flags == end_of_unknown) {
    item.kind =
        flags == end_of_unknown ? FetchItem::Kind::end_of_unknown : FetchItem::Kind::end_of_nonexistent;
    item.id = reader.location();
    if (!reader.ok()) return unfinished();
    in = reader.rest();
    remember(item);
    return head;
  }
  if (flags >= 0x80) return violation("unknown fetch serialization flags");
  const bool has_group = (flags & group_bit) != 0;
  const bool has_object = (flags & object_bit) != 0;
  const bool datagram = (flags & datagram_bit) != 0;
  const std::uint64_t mode = datagram ? subgroup_zero : flags & subgroup_mask;
  if (!at_ && !(has_group && has_object)) return violation("first fetched object refers to a previous one");
  if ((mode == subgroup_prior || mode == subgroup_next) && !subgroup_)
    return violation("fetched object refers to a previous subgroup, but there is none");
  if ((flags & priority_bit) == 0 && !priority_)
    return violation("fetched object refers to a previous priority, but there is none");

  const std::uint64_t group_delta = has_group ? reader.vi64() : 0;
  const std::uint64_t subgroup = mode == subgroup_field ? reader.vi64() : 0;
  const std::uint64_t object_delta = has_object ? reader.vi64() : 0;
  item.priority = (flags & priority_bit) != 0 ? reader.uint8() : *priority_;
  if ((flags & fetch_properties_bit) != 0) {
    const std::uint64_t size = reader.vi64();
    head.too_large = reader.ok() && size > max_properties;
    if (head.too_large) return head;
    item.properties = reader.take(size);
  }
  head.payload_size = reader.vi64();
  if (!reader.ok()) return unfinished();
  const auto mandatory = check_properties(item.properties);
  if (!mandatory) return tl::unexpected(mandatory.error());
  head.mandatory = *mandatory;

  item.id.group = at_ ? at_->group : group_delta;
  if (at_ && has_group) {
    const auto group = group_after(group_delta);
    if (!group) return tl::unexpected(group.error());
    item.id.group = *group;
  }
  if (has_group && has_object) {
    item.id.object = object_delta;
  } else {
    const std::uint64_t step = has_object ? object_delta : 1;
    if (step > last - at_->object) return violation("fetched object above 2^64-1");
    item.id.object = at_->object + step;
  }
  if (datagram) {
    item.subgroup = std::nullopt;
  } else if (mode == subgroup_field) {
    item.subgroup = subgroup;
  } else if (mode == subgroup_prior) {
    item.subgroup = subgroup_;
  } else if (mode == subgroup_next) {
    if (*subgroup_ == last) return violation("fetched subgroup above 2^64-1");
    item.subgroup = *subgroup_ + 1;
  } else {
    item.subgroup = 0;
  }
  in = reader.rest();
  remember(item);
  return head;
}

void FetchContext::write(Writer &out, const FetchItem &item) {
  write_head(out, item);
  if (item.kind != FetchItem::Kind::object) return;
  if (!item.properties.empty()) out.prefixed(item.properties);
  out.prefixed(item.payload);
}

// The asserts check our own caller: it has asked may_follow().
void FetchContext::write_head(Writer &out, const FetchItem &item) {
  if (item.kind != FetchItem::Kind::object) {
    out.vi64(item.kind == FetchItem::Kind::end_of_unknown ? end_of_unknown : end_of_nonexistent)
        .location(item.id);
    remember(item);
    return;
  }
  const bool same_group = at_ && at_->group == item.id.group;
  const bool next_object = same_group && at_->object != last && item.id.object == at_->object + 1;
  const bool same_priority = priority_ == item.priority;
  std::uint64_t flags = 0;
  if (!item.subgroup)
    flags |= datagram_bit;
  else if (*item.subgroup != 0)
    flags |= subgroup_ == item.subgroup ? subgroup_prior : subgroup_field;
  if (!next_object) flags |= object_bit;
  if (!same_group) flags |= group_bit;
  if (!same_priority) flags |= priority_bit;
  if (!item.properties.empty()) flags |= fetch_properties_bit;

  out.vi64(flags);
  if (!same_group) {
    if (!at_) {
      out.vi64(item.id.group);
    } else {
      const bool up = order_ == GroupOrder::ascending;
      assert(up ? item.id.group > at_->group : item.id.group < at_->group);
      out.vi64((up ? item.id.group - at_->group : at_->group - item.id.group) - 1);
    }
  }
  if (item.subgroup && (flags & subgroup_mask) == subgroup_field) out.vi64(*item.subgroup);
  if (!next_object) {
    assert(!same_group || item.id.object >= at_->object);
    out.vi64(same_group ? item.id.object - at_->object : item.id.object);
  }
  if (!same_priority) out.uint8(item.priority);
  remember(item);
}

bool FetchContext::may_follow(Location id) const {
  if (!at_) return true;
  if (id.group == at_->group) return id.object > at_->object;
  return (id.group > at_->group) == (order_ == GroupOrder::ascending);
}

void FetchContext::remember(const FetchItem &item) {
  at_ = item.id;
  if (item.kind != FetchItem::Kind::object) return;
  subgroup_ = item.subgroup;
  priority_ = item.priority;
}

}  // namespace astral::moqt
