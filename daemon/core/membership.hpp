// SPDX-License-Identifier: BSD-3-Clause
// Sessions: who greets whom, heartbeats, silence, idleness; and news of nodes and streams, told to whom they
// concern. What becomes of a session is others' business: they read the internal events.
#pragma once

#include <cstddef>
#include <vector>

#include "core/input.hpp"
#include "core/node_context.hpp"
#include "core/node_role.hpp"

namespace astral::core {

class Membership {
 public:
  Membership(NodeContext &context, NodeRole &standing) : context_(context), role_(standing) {}

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
  void settled();                 // our streams, to the new supernode
  void child_came(PeerId child);  // what we know of streams
  // To our children, and down the stream's tree; our own also to our supernode.
  void spread(const StreamInfo &stream, PeerId but);
  void tell_gone(const Slug &slug, std::uint64_t updated, PeerId but);
  bool add_node(const NodeInfo &node);  // by the API; false: no room
  bool forget_node(const Uuid &uuid);
  void leave();  // goodbye to all

 private:
  void ready(Peer &peer, NodeInfo node);
  void drop_idle();
  void beat_to(Peer &peer, bool with_self = false);
  void changed(Peer &peer, NodeInfo node);
  bool may_be(const Peer &peer, const Uuid &uuid);
  static bool owns(const Peer &peer, const StreamInfo &stream);
  std::vector<PeerId> audience(const Slug &slug, PeerId but) const;

  NodeContext &context_;
  NodeRole &role_;
};

}  // namespace astral::core
