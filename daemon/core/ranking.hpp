// SPDX-License-Identifier: BSD-3-Clause
// Whom a stream is best got from: the one ranking of offers. A search for a parent uses it, one for a
// standby, and a supernode or a key owner that chooses whom to hand a request to. Each fills in what it
// knows.
#pragma once

#include <cstdint>
#include <tuple>

#include "glue/time.hpp"

namespace astral::core {

// The smaller one is better. The order of the members is the order of their weight.
struct Rank {
  bool failed_us = false;      // its link was the parent and was lost: it may be dead, and not know it
  bool cut_off = false;        // it does not get the stream itself now
  bool shares_parent = false;  // it gets the stream through our parent, and would fail together with it
  bool full = false;           // somebody who forwards nothing would have to make way
  std::uint32_t hops = 0;      // each hop costs latency, and is one node more that may die
  Time rtt = {};               // a near node
  std::uint32_t room = 0;      // of equals the one with more room, so that load spreads

  friend bool operator<(const Rank &a, const Rank &b) {
    return std::tie(a.failed_us, a.cut_off, a.shares_parent, a.full, a.hops, a.rtt, b.room) <
           std::tie(b.failed_us, b.cut_off, b.shares_parent, b.full, b.hops, b.rtt, a.room);
  }
};

}  // namespace astral::core
