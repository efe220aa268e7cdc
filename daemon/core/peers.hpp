// SPDX-License-Identifier: BSD-3-Clause
// The sessions of this node, one a WebSocket, and who is at their other ends.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// connecting ──PeerConnected──▶ greeting ──Hello or Welcome──▶ ready
//     └────────────┬───────────────┴───────────────────────────┘
//                  └── lost, silent, goodbye, a broken rule ──▶ (removed)
enum class PeerState { connecting, greeting, ready };

struct Peer {
  PeerId id = 0;
  PeerState state = PeerState::greeting;
  bool outbound = false;
  PeerKind kind = PeerKind::node;
  Uuid uuid = {};                             // whom we mean to reach; from ready on, who it says it is
  std::string address = {};                   // seen, not said
  std::optional<std::size_t> bootstrap = {};  // which of the settings' addresses this is
  bool beats = false;                         // it has sent a heartbeat
  Time heard = {};
  Time since = {};  // of the state
  Time used = {};   // when it last had a ticket
};

class Peers {
 public:
  Peer *add(Peer peer);  // null: there are max_peers already
  Peer *find(PeerId id);
  const Peer *find(PeerId id) const;
  void remove(PeerId id);
  void enter(Peer &peer, PeerState state, const Uuid &uuid, Time now);

  // The oldest session with that node that has come so far.
  Peer *with(const Uuid &uuid, PeerState at_least);
  std::vector<PeerId> ready_nodes() const;
  std::vector<PeerId> all() const;
  std::size_t nodes() const;  // sessions with nodes, in any state
  std::size_t size() const { return peers_.size(); }
  bool full() const;
  void check_invariants() const;

 private:
  std::map<PeerId, Peer> peers_;
  std::map<Uuid, std::set<PeerId>> by_uuid_;
};

}  // namespace astral::core
