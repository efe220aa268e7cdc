// SPDX-License-Identifier: BSD-3-Clause
// Stories of a network: how many join, what they do, what breaks, and what must hold. The figures that come
// out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace astral::sim {

struct Plan {
  std::string scenario = {};  // empty: steady, or with many seeds all in turn
  std::size_t nodes = 100;
  std::size_t streams = 2;
  std::size_t viewers = 50;  // of all streams
  std::size_t minutes = 3;   // of deaths
  std::uint64_t seed = 1;
  bool weigh = false;        // messages as JSON
  std::string follow = {};   // a node whose effects are printed
  std::uint64_t outage = 0;  // nodes that were without media for so many seconds are named; 0: none
};

struct Figures {
  std::size_t supernodes = 0;
  double join_messages = 0;    // per node
  double join_bytes = 0;       // per node
  double rest_messages_s = 0;  // per node and second
  double rest_bytes_s = 0;     // per node and second
  std::size_t depth_p50 = 0;   // hops
  std::size_t depth_max = 0;
  double fed_s_p50 = 0;  // from the wish to the ticket
  double fed_s_p99 = 0;
  double source_share = 0;     // what publishers' nodes send, of all that is sent
  double heal_s = 0;           // from what broke to everybody fed who can be
  std::uint64_t switches = 0;  // of sources, to standing by or back
  std::uint64_t lost = 0;      // objects, by those whom somebody could have given them
  std::size_t outages = 0;     // times that a node was without media
  double outage_s_p50 = 0;
  double outage_s_p99 = 0;
  double outage_s_max = 0;
  std::size_t fed = 0;
  std::size_t unfed = 0;
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;
  std::vector<std::string> broken;  // what did not hold; empty: all did
};

std::vector<std::string> scenarios();
Figures play(const Plan &plan);

}  // namespace astral::sim
