// SPDX-License-Identifier: BSD-3-Clause
// Answers the LoopChecks of the nodes that get a stream through us, or passes them on to our parent.
// ChildTickets sends this node's own checks.
#pragma once

#include "core/directory.hpp"
#include "core/message.hpp"
#include "core/sessions.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"

namespace astral::core {

class LoopChecks {
 public:
  LoopChecks(const ThisNode &node, Sessions &sessions, const Directory &directory, const StreamTable &streams,
             const Tickets &tickets)
      : node_(node), sessions_(sessions), directory_(directory), streams_(streams), tickets_(tickets) {}

  // Only a child that we feed may ask. The publisher's node says that there is no loop; the node that moves,
  // and a node that is moving itself, say that there may be one.
  void heard(const Peer &from, LoopCheck check);

 private:
  bool feeds(const Peer &peer, const Slug &slug) const;

  const ThisNode &node_;
  Sessions &sessions_;
  const Directory &directory_;
  const StreamTable &streams_;
  const Tickets &tickets_;
};

}  // namespace astral::core
