// SPDX-License-Identifier: BSD-3-Clause
// What the links to the children tell of this node's upstream. Pure.
//
// While a link has no queue, the line carries at least what was sent, and perhaps more: a line that is not
// known well may then take as many children again, as TCP's slow start takes packets. Links beside it that
// have a queue have it at the child's own line. When all links have a queue at the same time, it is the
// upstream that they share: it carries what was sent, and no more.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// One link to a child, as QUIC sees it.
struct LinkSeen {
  TicketId ticket = {};
  std::uint64_t bytes_sent = 0;  // so far
  Time rtt{};                    // smoothed; 0: not measured yet
};

class LineLearner {
 public:
  static constexpr Time queue = 100ms;           // above the shortest round trip of the link: packets wait
  static constexpr Time clear = 5s;              // without a queue, before the line counts as larger
  static constexpr Time full = 3s;               // with a queue on all links, before it counts as smaller
  static constexpr std::size_t least_links = 2;  // with one link the queue may be at the child's own line

  struct Verdict {
    std::optional<std::uint64_t> at_least = {};  // bits per second
    std::optional<std::uint64_t> at_most = {};
    std::optional<std::uint32_t> thin = {};  // links whose queue is, or may be, at the child's own line
  };
  // The driver calls it each second.
  Verdict see(const std::vector<LinkSeen> &links, Time now);

 private:
  struct Link {
    std::uint64_t bytes_sent = 0;
    Time shortest{};
    Time since{};
  };
  std::map<TicketId, Link> links_;
  std::optional<Time> seen_;
  Time clear_{}, full_{};          // for how long so far
  std::uint64_t slowest_bps_ = 0;  // of the clear time
  std::uint64_t fastest_bps_ = 0;  // of the full time
};

}  // namespace astral::core
