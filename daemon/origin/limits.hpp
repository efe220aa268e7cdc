// SPDX-License-Identifier: BSD-3-Clause
// The origin's named maxima besides core/limits.hpp's and api/object_json.hpp's, and how long it believes what
// it was told.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "glue/time.hpp"

namespace astral::origin {

inline constexpr double max_rtt_ms = 3'600'000;

inline constexpr std::size_t max_ping_body = 256 * 1024;  // API.md
inline constexpr std::size_t max_connections = 4000;      // below the usual limit of files once it is raised
inline constexpr std::int64_t default_page = 1000;        // entries of a list, without ?limit=
inline constexpr std::int64_t max_page = 10'000;
inline constexpr std::int64_t default_sample = 16;  // nodes that one node is told of
inline constexpr std::int64_t max_sample = 256;
inline constexpr std::size_t max_mapped = 2000;  // nodes, and streams, that the map shows

// How much the registry takes. Values, not constants, so that a test can fill it.
struct Capacity {
  std::size_t nodes = 100'000;
  std::size_t streams = 100'000;
  std::size_t streams_of_a_node = 1000;
};

// Nodes report every 30 s: three reports may be lost.
inline constexpr std::chrono::seconds lapse_after{100};
// A stream keeps its name this long while nothing is heard of its node. A week: a show's next episode.
inline constexpr std::chrono::hours forget_after{7 * 24};

// How the origin asks nodes whether they are there. Bounded, because strangers say whom it asks.
struct Asking {
  std::size_t at_once = 32;
  std::size_t waiting = 256;
  std::size_t waiting_of_an_address = 8;
  Time between_of_a_node = 5s;
  Time between_of_an_address = 100ms;
  Time deadline = 3s;
  std::size_t max_answer = 64 * 1024;
};
// What was found out holds for this long, when the node goes on reporting.
inline constexpr std::chrono::seconds reachable_for{300};
inline constexpr std::chrono::seconds unreachable_for{60};  // people open ports

}  // namespace astral::origin
