// SPDX-License-Identifier: BSD-3-Clause
// Decides which nodes the origin checks and when: not too many at once, and no node or address too often.
// Among those that wait, a network whose nodes answered goes before one whose nodes did not, and the newest
// goes first: whoever fills the queue with nodes that do not answer keeps nobody else waiting. Pure; the
// prober sends the requests.
#pragma once

#include <cstddef>
#include <cstdint>
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
  void done(const std::string &uuid, bool answered, Time now);
  Time next(Time now) const;  // when to call due() again, if done() is not called before; may be `never`

 private:
  struct Network {
    std::size_t under_way = 0;
    std::size_t failures = 0;  // in a row
    Time failed = never;       // the last of them; forgotten after a while
  };
  struct Waiting {
    Check check;
    std::string network;
    std::uint64_t number;  // the newest has the highest
  };

  Time free_at(const std::string &ip_address, Time now) const;
  bool may_start(const Waiting &one, Time now) const;
  std::size_t failures_of(const std::string &network) const;
  bool goes_before(const Waiting &a, const Waiting &b) const;
  void forget_the_past(Time now);

  const CheckLimits limits_;
  std::vector<Waiting> waiting_;
  std::uint64_t newest_ = 0;
  std::map<std::string, Time> started_;      // by uuid: when its last check started
  std::map<std::string, std::string> open_;  // by uuid: the network that is asked; empty: it waits
  std::map<std::string, Time> next_at_;      // by address: when its next check may start
  std::map<std::string, Network> networks_;  // those that are asked, or have failed
  std::size_t under_way_ = 0;
  Time forgot_ = Time::min();
};

}  // namespace astral::origin
