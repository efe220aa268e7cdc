// SPDX-License-Identifier: BSD-3-Clause
// How often a client may show a wrong token: some times at once, then once in a while. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "http/devices.hpp"

namespace astral::http {

// A client is an IPv4 address or an IPv6 /64. **Thread**: its owner's.
class Guesses {
 public:
  static constexpr int at_once = 10;
  static constexpr std::chrono::seconds pause{6};
  static constexpr std::size_t max_clients =
      10'000;  // beyond: the one that was wrong the longest ago is forgotten

  // False: its token is not even looked at.
  bool may_guess(const std::string &address, WallTime now) const;
  void was_wrong(const std::string &address, WallTime now);

 private:
  std::map<std::string, WallTime> paid_;  // by client: when it may be wrong `at_once` times again
};

}  // namespace astral::http
