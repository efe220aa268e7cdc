// SPDX-License-Identifier: BSD-3-Clause
// The origin's named maxima besides core/limits.hpp's, and how long it believes what it was told.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace astral::origin {

inline constexpr std::size_t max_version = 64;
inline constexpr std::uint64_t max_kbps = 1'000'000'000;  // 1 Tbit/s
inline constexpr std::uint64_t max_unix_ms = 1'000'000'000'000'000;
inline constexpr std::uint64_t max_count = 1'000'000'000;  // of viewers, of children

inline constexpr std::size_t max_ping_body = 256 * 1024;  // API.md
inline constexpr std::size_t max_connections = 4000;      // below the usual limit of files once it is raised
inline constexpr std::int64_t default_page = 1000;        // entries of a list, without ?limit=
inline constexpr std::int64_t max_page = 10'000;

// How much the store takes. Values, not constants, so that a test can fill it.
struct Capacity {
  std::int64_t nodes = 100'000;
  std::int64_t streams = 100'000;
  std::int64_t streams_of_a_node = 1000;
};

// Nodes report every 30 s: three reports may be lost.
inline constexpr std::chrono::seconds lapse_after{100};
// A stream keeps its name this long while nothing is heard of its node. A week: a show's next episode.
inline constexpr std::chrono::hours forget_after{7 * 24};

}  // namespace astral::origin
