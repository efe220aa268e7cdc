// SPDX-License-Identifier: BSD-3-Clause
#include "origin/checks.hpp"

#include <algorithm>
#include <utility>

#include "origin/address.hpp"

namespace astral::origin {

namespace {

std::string network_of(const std::string &ip_address) {
  const auto address = Address::parse(ip_address);
  return address ? address->neighbourhood() : ip_address;
}

}  // namespace

bool Checks::want(Check check, Time now) {
  if (open_.contains(check.uuid)) return true;
  const auto started = started_.find(check.uuid);
  if (started != started_.end() && now - started->second < limits_.between_of_a_node) return false;
  const auto same = std::ranges::count_if(
      waiting_, [&](const Waiting &other) { return other.check.ip_address == check.ip_address; });
  if (static_cast<std::size_t>(same) >= limits_.waiting_of_an_address) return false;
  Waiting one{.check = std::move(check), .network = {}, .number = ++newest_};
  one.network = network_of(one.check.ip_address);
  if (waiting_.size() >= limits_.waiting) {
    const auto last = std::ranges::max_element(
        waiting_, [this](const Waiting &a, const Waiting &b) { return goes_before(a, b); });
    if (!goes_before(one, *last)) return false;
    open_.erase(last->check.uuid);
    waiting_.erase(last);
  }
  open_[one.check.uuid] = "";
  waiting_.push_back(std::move(one));
  return true;
}

Time Checks::free_at(const std::string &ip_address, Time now) const {
  const auto next = next_at_.find(ip_address);
  return next == next_at_.end() ? now : std::max(now, next->second);
}

std::size_t Checks::failures_of(const std::string &network) const {
  const auto known = networks_.find(network);
  return known == networks_.end() ? 0 : known->second.failures;
}

bool Checks::goes_before(const Waiting &a, const Waiting &b) const {
  const std::size_t a_failures = failures_of(a.network), b_failures = failures_of(b.network);
  return a_failures != b_failures ? a_failures < b_failures : a.number > b.number;
}

bool Checks::may_start(const Waiting &one, Time now) const {
  const auto network = networks_.find(one.network);
  return free_at(one.check.ip_address, now) <= now &&
         (network == networks_.end() || network->second.under_way < limits_.at_once_of_a_network);
}

std::vector<Check> Checks::due(Time now) {
  forget_the_past(now);
  std::ranges::sort(waiting_, [this](const Waiting &a, const Waiting &b) { return goes_before(a, b); });
  std::vector<Check> start;
  std::erase_if(waiting_, [&](Waiting &one) {
    if (under_way_ >= limits_.at_once || !may_start(one, now)) return false;
    next_at_[one.check.ip_address] = now + limits_.between_of_an_address;
    started_[one.check.uuid] = now;
    open_[one.check.uuid] = one.network;
    ++networks_[one.network].under_way;
    ++under_way_;
    start.push_back(std::move(one.check));
    return true;
  });
  return start;
}

void Checks::done(const std::string &uuid, bool answered, Time now) {
  const auto open = open_.find(uuid);
  if (open == open_.end() || open->second.empty()) return;
  Network &network = networks_[open->second];
  --network.under_way;
  network.failures = answered ? 0 : network.failures + 1;
  network.failed = answered ? never : now;
  open_.erase(open);
  --under_way_;
}

Time Checks::next(Time now) const {
  Time next = never;
  if (under_way_ >= limits_.at_once) return next;
  for (const Waiting &one : waiting_) {
    const auto network = networks_.find(one.network);
    if (network != networks_.end() && network->second.under_way >= limits_.at_once_of_a_network) continue;
    next = std::min(next, free_at(one.check.ip_address, now));
  }
  return next;
}

void Checks::forget_the_past(Time now) {
  if (forgot_ != Time::min() && now - forgot_ < limits_.between_of_a_node) return;
  forgot_ = now;
  std::erase_if(started_, [&](const auto &entry) { return now - entry.second >= limits_.between_of_a_node; });
  std::erase_if(next_at_, [&](const auto &entry) { return entry.second <= now; });
  std::erase_if(networks_, [&](const auto &entry) {
    const Network &network = entry.second;
    return network.under_way == 0 &&
           (network.failures == 0 || now - network.failed >= limits_.failures_count);
  });
}

}  // namespace astral::origin
