// SPDX-License-Identifier: BSD-3-Clause
// The one ranking of nodes that could give a stream. A search for a parent or a standby ranks its offers by
// it; a supernode ranks its children by it before it hands on a request. Each fills in what it knows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "glue/time.hpp"

namespace astral::core {

// The smaller one is better. The order of the members is the order of their weight.
struct Rank {
  bool failed_us = false;      // it was our parent and was lost, or no link to it came up: it may be dead
  std::size_t complaints = 0;  // how many nodes say that it gave them no link or no media
  bool cut_off = false;        // it does not get the stream now
  bool shares_parent = false;  // it gets the stream through our parent, and would fail together with it
  std::uint32_t common = 0;    // ancestors that it has in common with our parent, if it is to stand by
  bool full = false;           // a child that forwards nothing would have to make way
  bool unproven = false;       // no media has ever come from it
  bool needs_turn = false;     // the media would go through a server that somebody runs for this
  std::uint32_t hops = 0;      // each hop adds latency, and a node that may die
  Time rtt = {};               // to it
  std::uint32_t room = 0;      // among equals the one with more room, so that load spreads

  friend bool operator<(const Rank &a, const Rank &b) {
    return std::tie(a.failed_us, a.complaints, a.cut_off, a.shares_parent, a.common, a.full, a.unproven,
                    a.needs_turn, a.hops, a.rtt,
                    b.room) < std::tie(b.failed_us, b.complaints, b.cut_off, b.shares_parent, b.common,
                                       b.full, b.unproven, b.needs_turn, b.hops, b.rtt, a.room);
  }
};

// Half of the first `most`, rounded down, become random ones of networks that the ones before them are not
// of, if there are such: those that rank best may all be one liar.
template <typename Choice, typename Network>
void mix(std::vector<Choice> &ranked, std::size_t most, Network network, Rng &rng) {
  if (ranked.size() <= most) return;
  for (std::size_t place = most - most / 2; place < most; ++place) {
    std::vector<std::size_t> others;
    for (std::size_t i = place; i < ranked.size(); ++i) {
      const auto same = [&](const Choice &one) {
        return !network(one).empty() && network(one) == network(ranked[i]);
      };
      if (std::none_of(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(place), same))
        others.push_back(i);
    }
    if (!others.empty()) std::swap(ranked[place], ranked[others[rng.below(others.size())]]);
  }
}

}  // namespace astral::core
