// SPDX-License-Identifier: BSD-3-Clause
// Which nodes the origin asks whether they are there, and when: never many at once, never one node or one
// address often. Pure; the asking itself is the prober's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "glue/time.hpp"
#include "origin/limits.hpp"

namespace astral::origin {

// `GET http://ip_address:port/node` must answer with this uuid.
struct Check {
  std::string uuid;
  std::string ip_address;  // a literal, never a name
  std::uint16_t port = 0;
};

//   want ─▶ waiting ──due──▶ under way ──done──▶ (gone, but the node is not asked again too soon)
class Checks {
 public:
  explicit Checks(const Asking &limits = {}) : limits_(limits) {}

  // False: it was asked just now, or too many wait. True: it is asked soon, or that is under way already.
  bool want(Check check, Time now);
  std::vector<Check> due(Time now);  // to be started now
  void done(const std::string &uuid);
  Time next(Time now) const;  // when due() has something next, unless one is done earlier; never

 private:
  Time free_at(const std::string &ip_address, Time now) const;
  void forget_the_past(Time now);

  const Asking limits_;
  std::deque<Check> waiting_;
  std::map<std::string, Time> asked_;    // by uuid: when the last one started
  std::map<std::string, bool> open_;     // by uuid: true, under way; false, waiting
  std::map<std::string, Time> next_at_;  // by address
  std::size_t under_way_ = 0;
  Time forgot_ = Time::min();
};

}  // namespace astral::origin
