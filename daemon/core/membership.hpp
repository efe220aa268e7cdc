// SPDX-License-Identifier: BSD-3-Clause
// Sessions: greetings, heartbeats, silence, idleness. It also passes on news of nodes and streams to the
// peers that need them. The other parts learn of sessions by internal events.
#pragma once

#include <cstddef>
#include <vector>

#include "core/directory.hpp"
#include "core/input.hpp"
#include "core/node_role.hpp"
#include "core/outbox.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Membership {
 public:
  Membership(const ThisNode &node, Outbox &outbox, Sessions &sessions, const StreamTable &streams,
             const Tickets &tickets, UpstreamBudget &budget, TimerQueue &timers, Directory &directory,
             Rng &rng, NodeRole &role)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        budget_(budget),
        timers_(timers),
        directory_(directory),
        rng_(rng),
        role_(role) {}

  void start();
  void beat();

  void connected(const PeerConnected &input);
  void proved(const PeerProved &input);
  void lost(const PeerLost &input);
  void hello(Peer &peer, const Hello &hello);
  void welcome(Peer &peer, const Welcome &welcome);
  void heartbeat(Peer &peer, const Heartbeat &heartbeat);
  void streams(const Peer &peer, const std::vector<StreamInfo> &streams);
  void gone(const Peer &peer, const Gone &gone);
  void goodbye(Peer &peer);

  void origin_knows(const OriginKnows &input);
  void own_changed(const OwnChanged &event);
  void settled();                 // tells the new supernode our streams
  void say_self();                // tells the neighbours what we are now
  void child_came(PeerId child);  // tells it the streams that we know
  // Tells our children, and the nodes that we feed with the stream; of our own streams also our supernode.
  void spread(const StreamInfo &stream, PeerId but);
  void tell_gone(const Gone &gone, const Slug &name, PeerId but);
  bool add_node(const NodeInfo &node);  // from the API; false: no room
  bool forget_node(const Uuid &uuid);
  void leave();  // says goodbye to all peers

 private:
  void ready(Peer &peer, NodeInfo node);
  void drop_idle();
  void beat_to(Peer &peer, bool with_self = false);
  void changed(Peer &peer, NodeInfo node);
  void heard_news(const StreamInfo &stream);
  void correct(const Peer &peer, const StreamInfo &stream);
  static bool owns(const Peer &peer, const StreamInfo &stream);
  std::vector<PeerId> audience(const Slug &slug, PeerId but) const;

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  const StreamTable &streams_;
  const Tickets &tickets_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  Directory &directory_;
  Rng &rng_;
  NodeRole &role_;
};

}  // namespace astral::core
