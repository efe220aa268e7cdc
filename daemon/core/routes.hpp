// SPDX-License-Identifier: BSD-3-Clause
// Messages between nodes that have no session with each other: to our supernode, from there to the
// addressee's supernode, from there to it. A supernode connects to another one for that, and drops the
// session when it is idle.
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

  // Returns a message that is for us: the caller handles it as if `from` had a session.
  std::optional<Routed> forward(Routed routed);
  // From a neighbour. Only a supernode may speak for another node.
  std::optional<Routed> arrived(const Peer &from, Routed routed);
  // To the supernode at `place`; connects first if there is no session. False: there is no room for a
  // session.
  bool deliver(const Place &place, Message message);
  void peer_ready(PeerId peer);
  // The messages that waited for that node: the caller sends them on another way.
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
