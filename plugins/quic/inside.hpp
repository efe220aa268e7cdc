// SPDX-License-Identifier: BSD-3-Clause
// Helpers that the sources of a Connection share: a guard against re-entrant calls, and the conversion to
// ngtcp2's clock.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <cassert>

#include "glue/time.hpp"

namespace astral::quic {

// The upper limit of path MTU discovery: 1452 fits IPv6 over Ethernet. Packets start at 1200 bytes.
inline constexpr std::size_t max_datagram = 1452;

class Inside {
 public:
  explicit Inside(int &depth) : depth_(depth) {
    assert(depth_ == 0);  // a Handler must not call receive(), tick() or flush()
    ++depth_;
  }
  ~Inside() { --depth_; }
  Inside(const Inside &) = delete;
  Inside &operator=(const Inside &) = delete;

 private:
  int &depth_;
};

inline ngtcp2_tstamp stamp(Time time) {
  assert(time.count() >= 0);  // the time is our own clock's
  return static_cast<ngtcp2_tstamp>(time.count());
}

}  // namespace astral::quic
