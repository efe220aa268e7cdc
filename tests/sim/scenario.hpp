// SPDX-License-Identifier: BSD-3-Clause
// Scenarios of a network: how many nodes join, what they do, what breaks, what must hold; and the figures
// that a run reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace astral::sim {

struct Plan {
  std::string scenario = {};  // empty: steady; with many seeds: all scenarios in turn
  std::size_t nodes = 100;
  std::size_t streams = 2;
  std::size_t viewers = 50;  // of all streams together
  std::size_t minutes = 3;   // how long the scenario `deaths` lasts
  std::uint64_t seed = 1;
  std::optional<std::size_t> liars = {};  // of the nodes; none: a fifth in the scenarios of liars
  bool is_proved = true;                  // media and statements are signed, and checked
  double least_soon_share = 0;            // of honest viewers: an invariant in the scenarios of liars
  bool weigh = false;        // count bytes: messages as JSON
  std::string follow = {};   // print the effects of this node
  std::uint64_t outage = 0;  // name nodes without media for so many seconds; 0: none
};

struct Figures {
  std::size_t supernodes = 0;
  double join_messages = 0;    // per node
  double join_bytes = 0;       // per node
  double rest_messages_s = 0;  // per node and second
  double rest_bytes_s = 0;     // per node and second
  std::size_t depth_p50 = 0;   // hops
  std::size_t depth_max = 0;
  double fed_s_p50 = 0;  // from the call to the ticket
  double fed_s_p99 = 0;
  double source_share = 0;     // what the publishers' nodes send / all that is sent
  double heal_s = 0;           // from the break until all nodes are fed that can be
  std::uint64_t switches = 0;  // of sources, to standby or back
  std::uint64_t lost = 0;      // objects that a node missed although another node had them
  std::size_t outages = 0;     // times that a node was without media
  double outage_s_p50 = 0;
  double outage_s_p99 = 0;
  double outage_s_max = 0;
  // Of the scenarios of liars, for honest viewers: media within 5 s of the wish; after a minute; and links
  // that brought forged media.
  double soon_share = 0;
  double late_share = 0;
  std::uint64_t forged = 0;
  std::size_t fed = 0;
  std::size_t unfed = 0;
  std::uint64_t steps = 0;
  std::uint64_t hash = 0;
  std::vector<std::string> broken;  // the invariants that were broken
};

std::vector<std::string> scenarios();
Figures play(const Plan &plan);

}  // namespace astral::sim
