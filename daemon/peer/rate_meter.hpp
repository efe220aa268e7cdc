// SPDX-License-Identifier: BSD-3-Clause
// How fast a line is, from how many bytes were sent and how many had passed at which times. The first bytes
// do not count: TCP begins slowly, and doubles with each round trip. Pure: it has no clock and no socket.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "glue/time.hpp"

namespace astral::peer {

class RateMeter {
 public:
  static constexpr Time longest = 2s;                    // from the first bytes
  static constexpr std::uint64_t most_bytes = 16 << 20;  // 200 Mbit/s for 0.67 s
  static constexpr std::uint64_t last_part = 32;         // of these, perhaps never acknowledged
  static constexpr Time least_half = 250ms;              // the rate is steady if two halves are alike
  static constexpr Time most_half = 500ms;
  static constexpr std::uint64_t apart = 10;  // they differ by a tenth at most
  static constexpr std::uint64_t rise = 4;    // the newer one is higher by a quarter: it still rises

  // So much has been sent so far. Who only receives says nothing of this.
  void sent(std::uint64_t total, Time now);
  // So much has passed. The times do not go back.
  void passed(std::uint64_t total, Time now);
  bool begun() const { return !samples_.empty(); }
  bool over() const { return over_; }  // measuring longer would not be polite, or not tell more
  bool steady() const { return steady_; }
  // Bits per second since the slow start was over; 0: too little has passed to say anything. Where a packet
  // was lost, nothing passes until it is repeated, and then all that has waited for it: both have to be
  // counted.
  std::uint64_t rate_bps() const;
  // How much may be on the way. While the rate rises: so much that it can double with each round trip of up
  // to half a second. Then little more than fills the line, so that other traffic waits for a short time
  // only.
  std::uint64_t allowance() const;

 private:
  struct Sample {
    Time at{};
    std::uint64_t total = 0;
  };
  const Sample &at(Time time) const;  // the newest that is not after it
  std::uint64_t rate_between(Time from, Time to) const;
  std::uint64_t recent_bps() const;
  Time half() const;
  Time burst() const;
  bool rises() const;

  std::deque<Sample> on_the_way_;  // sent and not passed
  std::vector<Sample> samples_;    // one a millisecond at most
  Time round_trip_{};              // the shortest; 0: not known
  bool over_ = false;
  bool steady_ = false;
};

}  // namespace astral::peer
