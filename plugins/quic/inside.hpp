// SPDX-License-Identifier: BSD-3-Clause
// Two small things that the sources of a Connection share: when handlers may be called, and ngtcp2's clock.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <cassert>

#include "glue/time.hpp"

namespace astral::quic {

// PMTUD's upper end: IPv6 over Ethernet is 1452. Packets start at 1200.
inline constexpr std::size_t max_datagram = 1452;

class Inside {
 public:
  explicit Inside(int &depth) : depth_(depth) {
    assert(depth_ == 0);  // the handler's promise: receive(), tick() and flush() are not for it
    ++depth_;
  }
  ~Inside() { --depth_; }
  Inside(const Inside &) = delete;
  Inside &operator=(const Inside &) = delete;

 private:
  int &depth_;
};

inline ngtcp2_tstamp stamp(Time time) {
  assert(time.count() >= 0);  // our own clock
  return static_cast<ngtcp2_tstamp>(time.count());
}

}  // namespace astral::quic
