// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/seals.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "protocol/sealed.hpp"

namespace astral::runtime {
namespace {

constexpr std::uint64_t numbers_per_ms = 1'024;  // more than a node can sign; it fits into 53 bits

}  // namespace

Seals::Seals(Key key, std::int64_t unix_ms)
    : key_(std::move(key)),
      number_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms)) * numbers_per_ms) {}

std::optional<core::Message> Seals::sealed(const core::Message &message) {
  const auto *routed = std::get_if<core::Routed>(&message);
  if (routed == nullptr || !routed->sealed.text.empty()) return std::nullopt;
  core::Routed own = *routed;
  protocol::seal(own, key_, ++number_);
  return own;
}

bool Seals::admit(core::Message &message, const core::Uuid &self) {
  auto *routed = std::get_if<core::Routed>(&message);
  if (routed == nullptr) return true;
  const bool is_sealed = !routed->sealed.text.empty();
  if (is_sealed && routed->to.uuid != self) return true;
  const auto opened = open(*routed);
  if (!opened) g_debug("a message over supernodes is refused: %s", opened.error().detail.c_str());
  return opened.has_value();
}

Expected<void> Seals::open(core::Routed &routed) {
  if (const auto opened = protocol::open(routed); !opened) return opened;
  if (is_new(routed.from.uuid, routed.sealed.number)) return {};
  routed.what.reset();
  return fail(Code::conflict, "it came before");
}

// Messages may overtake each other on different ways.
bool Seals::is_new(const core::Uuid &author, std::uint64_t number) {
  auto found = seen_.find(author);
  if (found == seen_.end()) {
    if (order_.size() >= max_authors) {
      seen_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(author);
    found = seen_.try_emplace(author).first;
  }
  std::set<std::uint64_t> &numbers = found->second;
  const bool is_full = numbers.size() >= remembered;
  if ((is_full && number < *numbers.begin()) || !numbers.insert(number).second) return false;
  if (is_full) numbers.erase(numbers.begin());
  return true;
}

}  // namespace astral::runtime
