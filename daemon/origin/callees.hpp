// SPDX-License-Identifier: BSD-3-Clause
// Where the origin's node may open connections to. Messages of other nodes name addresses, and they must
// not direct the origin into its own network, nor make it call many hosts. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "glue/time.hpp"

namespace astral::origin {

class Callees {
 public:
  static constexpr int per_second = 50;
  static constexpr int burst = 500;  // after a restart all children come at once, and each is tried
  static constexpr std::size_t max_local = 4096;

  // A node has connected from this address, or has been checked there.
  void met(const std::string &address);
  // A name is never called, a local address (RFC 6890) only if it was met.
  bool may_call(const std::string &host, Time now);

 private:
  std::set<std::string> local_;
  Time full_at_{};  // when the burst would be whole again; each call moves it
};

}  // namespace astral::origin
