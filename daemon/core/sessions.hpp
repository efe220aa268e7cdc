// SPDX-License-Identifier: BSD-3-Clause
// The ways to other nodes: sockets, and sessions without a socket whose messages travel over supernodes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/directory.hpp"
#include "core/outbox.hpp"
#include "core/overlay.hpp"
#include "core/peers.hpp"
#include "core/quota.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"

namespace astral::core {

class Sessions {
 public:
  Sessions(const ThisNode &node, const Directory &directory, Outbox &outbox)
      : overlay(node.self()), node_(node), directory_(directory), outbox_(outbox) {}

  Peers peers;
  Overlay overlay;     // of a supernode: the others
  std::set<PeerId> witnesses;  // ready ones: other supernodes, which a search asks too
  PeerId primary = 0;          // the session with our supernode; 0: none, or we are one
  // The session with another supernode, which found what our own did not: messages go through it until we are
  // its child, or our own brings media too. 0: none.
  PeerId detour = 0;

  PeerId way() const { return detour != 0 ? detour : primary; }
  // A supernode that is not our own, and through which messages may go.
  bool is_beside(PeerId peer) const { return peer != 0 && (peer == detour || witnesses.contains(peer)); }
  bool settled() const { return node_.supernode() || primary != 0; }
  // No supernode can bring us messages.
  bool cut_off() const { return primary == 0 && overlay.links().empty(); }
  // Where other nodes send messages for us. `via` is empty if we have no supernode.
  Place place() const;
  // The same, for a peer without a socket: it answers by the way on which it came.
  Place place_for(const Peer &peer) const;
  // This peer is the other end of the ticket, in this session or in another of the same node.
  bool with(const Ticket &ticket, const Peer &peer) const;
  // A ticket lapses after this long without a heartbeat that names it.
  Time silence_of(const Ticket &ticket) const;

  // The session with the node at `place`; where there is none, one without a socket begins. Null: there are
  // too many.
  Peer *open(const Place &place);
  // A socket to the node at `address`. None: it has no address, it is this node, or there are too many peers.
  std::optional<PeerId> connect(const Uuid &uuid, const Address &address);
  // The same, to an address that another node named. None also if it is an address of a scope where none of
  // our peers is, if it was tried a moment ago, or if there are too many of these.
  std::optional<PeerId> connect_named(const Uuid &uuid, const Address &address);
  // Whether news of a stream may be sent to all children now. Counts these messages.
  bool may_tell_children();
  void send(PeerId peer, Message message);         // does nothing if the peer is gone
  void tell(const Place &place, Message message);  // the same, with open() first
  void cancel(PeerId peer, const TicketId &ticket, std::string code, std::string message);
  void cancel_unknown(PeerId peer, const TicketId &ticket);
  void drop(PeerId id, const std::string &reason);  // closes its socket too
  void remove(PeerId id);                           // its socket is closed already

 private:
  const ThisNode &node_;
  const Directory &directory_;
  Outbox &outbox_;
  bool may_dial(const Uuid &uuid, const Address &address);

  TokenBucket dials_{dials_per_second, dials_burst};
  std::map<Address, Time> dialled_;  // not again until then
  Time told_until_ = {};  // of an origin: moves with each message to all children
};

}  // namespace astral::core
