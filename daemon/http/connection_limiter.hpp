// SPDX-License-Identifier: BSD-3-Clause
// Who is connected: how many may be, in all and from one place, and until when each may keep us waiting.
// Pure: no socket, no clock.
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
    std::size_t reserved = 64;     // of these, for this machine: strangers cannot lock its owner out
    std::size_t per_place = 128;   // this machine is no such place
    std::size_t turned_away = 64;  // who hears at the same time that there is no room
  };

  explicit ConnectionLimiter(const Limits &limits) : limits_(limits) {}

  // `place`: an address or a network; empty: this machine. no_room: the detail is for the guest.
  Expected<Id> enter(const std::string &place, Time until);
  // Of one that may not enter. no_room: not even that.
  Expected<Id> turn_away(Time until);
  void wait_until(Id id, Time until);  // `never`: as long as it likes
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
