// SPDX-License-Identifier: BSD-3-Clause
// Who is there: sessions, greetings, heartbeats, the bootstrap, and the news of nodes and streams, told on to
// the other peers once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/desk.hpp"
#include "core/input.hpp"

namespace astral::core {

class Membership {
 public:
  explicit Membership(Desk &desk);

  void start();
  void beat();
  void bootstrap(std::size_t which);  // is due

  void connected(const PeerConnected &input);
  void lost(const PeerLost &input);
  void hello(Peer &peer, const Hello &hello);
  void welcome(Peer &peer, const Welcome &welcome);
  void nodes(const Peer &peer, const std::vector<NodeInfo> &nodes);
  void streams(const Peer &peer, const std::vector<StreamInfo> &streams);
  void gone(const Peer &peer, const Gone &gone);
  void goodbye(Peer &peer);
  void drop(PeerId peer, const std::string &reason);  // disconnects it

  void origin_knows(const OriginKnows &input);
  void own_changed(const OwnChanged &notice);
  void tell_gone(const Slug &slug, std::uint64_t updated);
  bool add_node(const NodeInfo &node);  // by the API; false: no room
  bool forget_node(const Uuid &uuid);
  void leave();  // goodbye to all

 private:
  struct Entry {
    Address address;
    PeerId peer = 0;  // 0: not connected
    Time backoff = {};
    bool self = false;
  };
  void ready(Peer &peer, const NodeInfo &node, const std::vector<NodeInfo> &nodes,
             const std::vector<StreamInfo> &streams);
  void remove(PeerId peer);
  void retry_bootstrap(std::size_t which);
  void keep_one();
  void drop_idle();
  void learn_nodes(const std::vector<NodeInfo> &nodes, Heard from, const Peer *teller);
  void learn_streams(const std::vector<StreamInfo> &streams, Heard from, const Peer *teller);
  void tell(const std::vector<NodeInfo> &nodes, PeerId but);
  void tell(const std::vector<StreamInfo> &streams, PeerId but);
  void tell_from(PeerId peer, const std::vector<NodeInfo> &nodes, std::size_t first_node,
                 const std::vector<StreamInfo> &streams, std::size_t first_stream);

  Desk &desk_;
  std::vector<Entry> bootstrap_;
};

// Connects to a known node; none when it has no address or there is no room for a peer. Also for searches.
std::optional<PeerId> connect(Desk &desk, const Uuid &uuid);

}  // namespace astral::core
