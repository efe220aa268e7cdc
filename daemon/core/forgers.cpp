// SPDX-License-Identifier: BSD-3-Clause
#include "core/forgers.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace astral::core {
namespace {

constexpr Time first_pause = 10min;
constexpr Time last_pause = 24h;
// A node that brought nothing false for this long after its pause is as any other.
constexpr Time memory = 24h;
constexpr std::size_t max_gone = 256;

}  // namespace

void Forgers::caught(const Uuid &node, Time now) {
  std::erase_if(caught_, [&](const auto &entry) { return entry.second.until + memory <= now; });
  if (caught_.size() >= max_forgers && !caught_.contains(node)) {
    const auto sooner = [](const auto &a, const auto &b) { return a.second.until < b.second.until; };
    caught_.erase(std::min_element(caught_.begin(), caught_.end(), sooner));
  }
  Caught &one = caught_[node];
  one.pause = std::clamp(one.pause * 4, first_pause, last_pause);
  one.until = now + one.pause;
}

void Forgers::gone(const TicketId &ticket, const Uuid &node) {
  gone_.emplace_back(ticket, node);
  if (gone_.size() > max_gone) gone_.pop_front();
}

bool Forgers::caught_by(const TicketId &ticket, Time now) {
  const auto found =
      std::find_if(gone_.begin(), gone_.end(), [&](const auto &one) { return one.first == ticket; });
  if (found == gone_.end()) return false;
  caught(Uuid(found->second), now);
  gone_.erase(found);
  return true;
}

bool Forgers::has(const Uuid &node, Time now) const {
  const auto found = caught_.find(node);
  return found != caught_.end() && now < found->second.until;
}

std::vector<Uuid> Forgers::list(Time now) const {
  std::vector<Uuid> nodes;
  for (const auto &[uuid, one] : caught_)
    if (now < one.until) nodes.push_back(uuid);
  return nodes;
}

}  // namespace astral::core
