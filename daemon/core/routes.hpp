// SPDX-License-Identifier: BSD-3-Clause
// Messages for nodes without a session: to the supernode, from there to the addressee's supernode, from there
// to it. A supernode connects to another for that, and lets the session go when it has served.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "core/records.hpp"
#include "core/sessions.hpp"
#include "core/this_node.hpp"

namespace astral::core {

class Routes {
 public:
  Routes(const ThisNode &node, Sessions &sessions, const Records &records)
      : node_(node), sessions_(sessions), records_(records) {}

  // A message that is for us comes back: to be handled as if `from` had a session.
  std::optional<Routed> forward(Routed routed);
  // From a neighbour; nobody speaks for another but a supernode.
  std::optional<Routed> arrived(const Peer &from, Routed routed);
  // To the supernode at `place`, connecting first where there is no session. False: no room for one.
  bool deliver(const Place &place, Message message);
  void peer_ready(PeerId peer);
  // What waited for it is tried on another way.
  std::deque<Routed> not_there(const Uuid &uuid);
  void check_invariants() const;

 private:
  std::size_t parked_count() const;
  std::optional<Routed> seek(Routed routed);

  const ThisNode &node_;
  Sessions &sessions_;
  const Records &records_;
  std::map<Uuid, std::deque<Message>> parked_;  // until the session with that supernode is ready
};

}  // namespace astral::core
