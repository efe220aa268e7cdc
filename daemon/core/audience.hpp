// SPDX-License-Identifier: BSD-3-Clause
// How many people watch a stream: at this node, and at all nodes that get it from here. Each child tells its
// sum to the node that feeds it, so the publisher's node knows all.
#pragma once

#include <cstdint>
#include <string>

#include "core/input.hpp"
#include "core/outbox.hpp"
#include "core/sessions.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"

namespace astral::core {

class Audience {
 public:
  Audience(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams, Tickets &tickets)
      : node_(node), outbox_(outbox), sessions_(sessions), streams_(streams), tickets_(tickets) {}

  // Comes once a second for each stream with media. Tells the sum to our parent and to the origin, if it has
  // changed: the parent once a second at most, the origin every `report_audience`.
  void seen(const PlayersSeen &input);
  void heard(const Peer &peer, const Viewers &viewers);  // from a child

  std::uint64_t here(const Slug &slug) const;
  std::uint64_t all(const Slug &slug) const;  // at most max_audience, whatever the children say

 private:
  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
};

}  // namespace astral::core
