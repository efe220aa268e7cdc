// SPDX-License-Identifier: BSD-3-Clause
// The sessions of this node and the peers at their other ends. A session has its own WebSocket, or is routed
// over supernodes.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "core/quota.hpp"
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
  Uuid uuid = {};                // the one that we want to reach; from `ready` on, the one that it says it is
  std::string address = {};      // as the socket shows it, not as the peer says
  std::string network = {};      // of that address; empty: this machine
  std::string fingerprint = {};  // of the key that it has proved to have; empty: none
  bool routed = false;           // no socket: messages travel over supernodes, to `place`
  Place place = {};
  PeerId through = 0;           // without a socket: the neighbour that brought its last message
  bool supernode = false;       // it says that it is one
  bool told_supernode = false;  // our hello said that we are one
  bool child = false;           // registered with us
  bool probing = false;         // we connected only to see whether it can be reached
  bool reached = false;         // we tried, in another session, and it can be reached
  bool beats = false;            // it has sent a heartbeat
  std::optional<Time> rtt = {};  // an exponential average
  std::uint64_t their_ms = 0;    // `sent_ms` of its last heartbeat
  Time their_at = {};
  Time beaten = {};  // when we sent the last one
  Time heard = {};
  Time since = {};  // of the state
  Time used = {};   // when it last served something
  TokenBucket messages{messages_per_second, messages_burst};
  TokenBucket carried{carried_per_second, carried_burst};  // if it is a supernode
  TokenBucket finds{finds_per_second, finds_burst};
  TokenBucket carried_finds{carried_finds_per_second, carried_finds_burst};
};

class Peers {
 public:
  Peer *add(Peer peer);  // null: there are max_peers, or max_routed, already
  Peer *find(PeerId id);
  const Peer *find(PeerId id) const;
  void remove(PeerId id);
  void enter(Peer &peer, PeerState state, const Uuid &uuid, Time now);

  // The oldest session with that node that has come so far; one with a socket before one without.
  Peer *with(const Uuid &uuid, PeerState at_least);
  // The newest one: a node whose address changed leaves its old socket without a goodbye.
  Peer *socket(const Uuid &uuid, PeerState at_least);
  std::vector<PeerId> ready_nodes() const;  // with sockets
  std::vector<PeerId> children() const { return {children_.begin(), children_.end()}; }
  std::size_t child_count() const { return children_.size(); }
  void heard(const Uuid &uuid, Time now);  // in all routed sessions with it
  void adopt(Peer &peer);                  // counts it as a child
  void release(PeerId id);                 // no longer counts it as a child
  // Inbound sockets without a complete greeting.
  std::size_t unproved(const std::string &network) const { return unproved_.of(network); }
  std::optional<PeerId> oldest_unproved() const;
  // A node with a complete greeting is seen at an address of the same scope.
  bool any_near(const std::string &address) const;
  std::vector<PeerId> all() const;
  std::size_t size() const { return peers_.size(); }
  std::size_t routed() const { return routed_; }
  void check_invariants() const;  // also what the users of a Peer must keep true

 private:
  std::map<PeerId, Peer> peers_;
  std::map<Uuid, std::set<PeerId>> by_uuid_;
  std::set<PeerId> children_;
  Shares unproved_;  // by network
  std::size_t routed_ = 0;
};

}  // namespace astral::core
