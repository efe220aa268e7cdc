// SPDX-License-Identifier: BSD-3-Clause
#include "core/standing.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace astral::core {
namespace {

constexpr Time complaint_lasts = 5min;

}  // namespace

void Deliveries::brought(const Uuid &node, Time now) {
  failures_.works(node);
  if (proven_.size() >= max_proven && !proven_.contains(node)) {
    const auto older = [](const auto &a, const auto &b) { return a.second < b.second; };
    proven_.erase(std::min_element(proven_.begin(), proven_.end(), older));
  }
  proven_[node] = now;
}

void Complaints::heard(const Uuid &from, const std::vector<Uuid> &of, Time now) {
  if (of.empty()) return;
  const auto forget = [&](const Uuid &complainant, const Uuid &node) {
    const auto found = against_.find(node);
    if (found == against_.end()) return;
    found->second.erase(complainant);
    if (found->second.empty()) against_.erase(found);
  };
  if (latest_.try_emplace(from).second) order_.push_back(from);
  std::map<Uuid, Time> &theirs = latest_.at(from);
  for (const Uuid &node : of) {
    if (theirs.size() >= max_unreachable && !theirs.contains(node)) {
      const auto older = [](const auto &a, const auto &b) { return a.second < b.second; };
      const auto oldest = std::min_element(theirs.begin(), theirs.end(), older);
      forget(from, oldest->first);
      theirs.erase(oldest);
    }
    theirs[node] = against_[node][from] = now;
  }
  if (order_.size() <= max_complainants) return;
  for (const auto &[node, when] : latest_.at(order_.front())) forget(order_.front(), node);
  latest_.erase(order_.front());
  order_.pop_front();
}

std::size_t Complaints::against(const Uuid &node, Time now) const {
  const auto found = against_.find(node);
  if (found == against_.end()) return 0;
  return static_cast<std::size_t>(
      std::count_if(found->second.begin(), found->second.end(),
                    [&](const auto &entry) { return now - entry.second < complaint_lasts; }));
}

}  // namespace astral::core
