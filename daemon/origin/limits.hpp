// SPDX-License-Identifier: BSD-3-Clause
// The origin's maxima, besides those of protocol/limits.hpp and protocol/object_codec.hpp, and how long
// reports and results of checks hold.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "glue/time.hpp"

namespace astral::origin {

inline constexpr double max_rtt_ms = 3'600'000;

inline constexpr std::size_t max_ping_body = 256 * 1024;  // nodes send this much to measure their upstream
inline constexpr std::size_t max_connections = 4000;      // below the usual hard limit of open files
inline constexpr std::int64_t default_page = 1000;        // entries of a list without ?limit=
inline constexpr std::int64_t max_page = 10'000;
inline constexpr std::int64_t default_sample = 16;  // nodes in the answer of GET /nodes without ?limit=
inline constexpr std::int64_t max_sample = 256;
inline constexpr std::size_t max_mapped = 2000;  // nodes, and streams, that the map shows

// How much the registry takes. A test can set smaller values.
struct Capacity {
  std::size_t nodes = 100'000;
  std::size_t streams = 100'000;
  std::size_t streams_of_a_node = 1000;
  std::size_t nodes_of_a_network = 1000;
  std::size_t streams_of_a_network = 2000;
};

// Nodes report every 30 s: two reports in a row may be lost.
inline constexpr std::chrono::seconds lapse_after{100};
// A stream is listed for so long after the last report. A week, because many shows are weekly.
inline constexpr std::chrono::hours listed_for{7 * 24};
// A name belongs to its key for so long after the last report.
inline constexpr std::chrono::hours owned_for{365 * 24};
// What belongs to no key is forgotten after this.
inline constexpr std::chrono::hours unowned_for{1};

// How the origin checks whether nodes can be reached. Bounded, because anybody can register an address to be
// checked.
struct CheckLimits {
  std::size_t at_once = 1000;  // 10,000 silent nodes that report every 30 s need 670
  std::size_t at_once_of_a_network = 32;
  std::size_t waiting = 512;
  std::size_t waiting_of_an_address = 8;
  Time between_of_a_node = 5s;
  Time between_of_an_address = 100ms;
  Time failures_count = 600s;  // of a network
  Time deadline = 2s;
  std::size_t max_answer = 64 * 1024;
};
// How long the result of a check holds while the node goes on reporting.
inline constexpr std::chrono::seconds reachable_for{300};
inline constexpr std::chrono::seconds unreachable_for{60};  // shorter, since people open ports

}  // namespace astral::origin
