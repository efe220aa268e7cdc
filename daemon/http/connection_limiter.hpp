// SPDX-License-Identifier: BSD-3-Clause
// Counts connections: how many there may be, in all and from one place, and until when each may make the
// program wait. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::http {

class ConnectionLimiter {
 public:
  using Id = std::uint64_t;

  struct Limits {
    std::size_t total = 512;
    std::size_t reserved = 64;     // of these, for this machine, so that others cannot lock its owner out
    std::size_t per_place = 128;   // does not apply to this machine
    std::size_t turned_away = 64;  // connections at a time that are told that there is no room
  };

  explicit ConnectionLimiter(const Limits &limits) : limits_(limits) {}

  // `place`: an address or a network; empty: this machine. **Errors**: no_room; the detail is for the client.
  Expected<Id> enter(const std::string &place, Time until);
  // Counts a connection that enter() refused, while it gets its error. **Errors**: no_room: close it at once.
  Expected<Id> turn_away(Time until);
  void wait_until(Id id, Time until);  // `never`: no limit
  void leave(Id id);

  Time deadline() const { return deadlines_.empty() ? never : deadlines_.begin()->first; }
  std::set<Id> late(Time now) const;
  std::size_t count() const { return guests_.size(); }

 private:
  struct Guest {
    std::string place;
    bool welcome;
    Time until;
  };

  Id add(Guest guest);

  const Limits limits_;
  Id next_ = 1;
  std::map<Id, Guest> guests_;
  std::set<std::pair<Time, Id>> deadlines_;
  std::map<std::string, std::size_t> places_;
  std::size_t turned_away_ = 0;
};

}  // namespace astral::http
