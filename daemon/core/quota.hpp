// SPDX-License-Identifier: BSD-3-Clause
// Nobody gets more than a share: how much of something one peer may use in a time, and who has most of
// something that is full. Pure; knows no message.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "glue/time.hpp"

namespace astral::core {

// `rate` of something a second, and `burst` of them at once.
class TokenBucket {
 public:
  constexpr TokenBucket(std::uint32_t rate, std::uint32_t burst) : each_(Time{1s} / rate), burst_(burst) {}

  bool take(Time now) {
    const Time from = std::max(used_until_, now);
    if (from - now > each_ * static_cast<Time::rep>(burst_ - 1)) return false;
    used_until_ = from + each_;
    return true;
  }

 private:
  Time each_;
  std::uint32_t burst_;
  Time used_until_ = {};  // moves by one part with each that is taken; it may be ahead of now by the burst
};

// How many each owner has.
class Shares {
 public:
  void add(const std::string &owner) { ++counts_[owner]; }
  void remove(const std::string &owner) {
    const auto found = counts_.find(owner);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
  std::size_t of(const std::string &owner) const {
    const auto found = counts_.find(owner);
    return found == counts_.end() ? 0 : found->second;
  }
  // Who has most. Empty: nobody has anything.
  std::string largest() const {
    const auto smaller = [](const auto &a, const auto &b) { return a.second < b.second; };
    const auto most = std::max_element(counts_.begin(), counts_.end(), smaller);
    return most == counts_.end() ? std::string{} : most->first;
  }
  // What is full has to make room for one more of `owner`: somebody else has at least two more.
  bool deserves(const std::string &owner) const { return of(largest()) > of(owner) + 1; }
  std::size_t owners() const { return counts_.size(); }

 private:
  std::map<std::string, std::size_t> counts_;
};

}  // namespace astral::core
