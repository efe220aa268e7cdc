// SPDX-License-Identifier: BSD-3-Clause
// How much of the background may be in flight. The background is what may come late, such as the past of a
// stream: it takes the capacity that is left over, and yields as soon as a queue builds up on the path, as in
// LEDBAT (RFC 6817). Pure.
#pragma once

#include <cstddef>

#include "glue/time.hpp"

namespace astral::quic {

class Scavenger {
 public:
  // Queueing delay above which the background yields. Frames of a live stream make a queue of their own, so
  // the background seldom flows on a line that is nearly full.
  static constexpr Time target = 8ms;
  static constexpr std::size_t least = 1200;  // never stops: its acknowledgements tell when there is room
  static constexpr std::size_t most = 1024 * 1024;

  // Bytes of the background that may be in flight.
  std::size_t window() const { return window_; }
  // Call this before the background is sent. `rtt`: recent, `min_rtt`: without a queue; 0: not known yet.
  void measure(Time rtt, Time min_rtt, Time now);

 private:
  std::size_t window_ = least;
  Time changed_{};
};

}  // namespace astral::quic
