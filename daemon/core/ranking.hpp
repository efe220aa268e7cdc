// SPDX-License-Identifier: BSD-3-Clause
// The one ranking of nodes that could give a stream. A search for a parent or a standby ranks its offers by
// it; a supernode ranks its children by it before it hands on a request. Each fills in what it knows.
#pragma once

#include <cstdint>
#include <tuple>

#include "glue/time.hpp"

namespace astral::core {

// The smaller one is better. The order of the members is the order of their weight.
struct Rank {
  bool failed_us = false;      // it was our parent and was lost, or no link to it came up: it may be dead
  bool cut_off = false;        // it does not get the stream now
  bool shares_parent = false;  // it gets the stream through our parent, and would fail together with it
  std::uint32_t common = 0;    // ancestors that it has in common with our parent, if it is to stand by
  bool full = false;           // a child that forwards nothing would have to make way
  bool needs_turn = false;     // the media would go through a server that somebody runs for this
  std::uint32_t hops = 0;      // each hop adds latency, and a node that may die
  Time rtt = {};               // to it
  std::uint32_t room = 0;      // among equals the one with more room, so that load spreads

  friend bool operator<(const Rank &a, const Rank &b) {
    return std::tie(a.failed_us, a.cut_off, a.shares_parent, a.common, a.full, a.needs_turn, a.hops, a.rtt,
                    b.room) < std::tie(b.failed_us, b.cut_off, b.shares_parent, b.common, b.full,
                                       b.needs_turn, b.hops, b.rtt, a.room);
  }
};

}  // namespace astral::core
