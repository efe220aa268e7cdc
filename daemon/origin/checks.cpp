// SPDX-License-Identifier: BSD-3-Clause
#include "origin/checks.hpp"

#include <algorithm>
#include <utility>

namespace astral::origin {

bool Checks::want(Check check, Time now) {
  if (open_.contains(check.uuid)) return true;
  const auto started = started_.find(check.uuid);
  if (started != started_.end() && now - started->second < limits_.between_of_a_node) return false;
  if (waiting_.size() >= limits_.waiting) return false;
  const auto same = std::count_if(waiting_.begin(), waiting_.end(),
                                  [&](const Check &other) { return other.ip_address == check.ip_address; });
  if (static_cast<std::size_t>(same) >= limits_.waiting_of_an_address) return false;
  open_[check.uuid] = false;
  waiting_.push_back(std::move(check));
  return true;
}

Time Checks::free_at(const std::string &ip_address, Time now) const {
  const auto next = next_at_.find(ip_address);
  return next == next_at_.end() ? now : std::max(now, next->second);
}

std::vector<Check> Checks::due(Time now) {
  forget_the_past(now);
  std::vector<Check> start;
  for (auto check = waiting_.begin(); check != waiting_.end() && under_way_ < limits_.at_once;) {
    if (free_at(check->ip_address, now) > now) {
      ++check;
      continue;
    }
    next_at_[check->ip_address] = now + limits_.between_of_an_address;
    started_[check->uuid] = now;
    open_[check->uuid] = true;
    ++under_way_;
    start.push_back(std::move(*check));
    check = waiting_.erase(check);
  }
  return start;
}

void Checks::done(const std::string &uuid) {
  const auto open = open_.find(uuid);
  if (open == open_.end() || !open->second) return;
  open_.erase(open);
  --under_way_;
}

Time Checks::next(Time now) const {
  Time next = never;
  if (under_way_ >= limits_.at_once) return next;
  for (const Check &check : waiting_) next = std::min(next, free_at(check.ip_address, now));
  return next;
}

void Checks::forget_the_past(Time now) {
  if (forgot_ != Time::min() && now - forgot_ < limits_.between_of_a_node) return;
  forgot_ = now;
  std::erase_if(started_, [&](const auto &entry) { return now - entry.second >= limits_.between_of_a_node; });
  std::erase_if(next_at_, [&](const auto &entry) { return entry.second <= now; });
}

}  // namespace astral::origin
