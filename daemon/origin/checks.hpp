// SPDX-License-Identifier: BSD-3-Clause
// Decides which nodes the origin checks and when: not too many at once, and no node or address too often.
// Pure; the prober sends the requests.
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

//   want ─▶ waiting ──due──▶ running ──done──▶ (gone; started_ keeps the time of its start)
class Checks {
 public:
  explicit Checks(const CheckLimits &limits = {}) : limits_(limits) {}

  // True: the check will run, or is running. False: the node was checked a moment ago, or too many checks
  // wait.
  bool want(Check check, Time now);
  std::vector<Check> due(Time now);  // the checks to start now
  void done(const std::string &uuid);
  Time next(Time now) const;  // when to call due() again, if done() is not called before; may be `never`

 private:
  Time free_at(const std::string &ip_address, Time now) const;
  void forget_the_past(Time now);

  const CheckLimits limits_;
  std::deque<Check> waiting_;
  std::map<std::string, Time> started_;  // by uuid: when its last check started
  std::map<std::string, bool> open_;     // by uuid: true, running; false, waiting
  std::map<std::string, Time> next_at_;  // by address: when its next check may start
  std::size_t under_way_ = 0;
  Time forgot_ = Time::min();
};

}  // namespace astral::origin
