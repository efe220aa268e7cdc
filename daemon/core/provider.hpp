// SPDX-License-Identifier: BSD-3-Clause
// The tickets that this node gives: whether there is room, what the offer says of hops and path, and when a
// promise ends. The links themselves are the relay's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "core/directory.hpp"
#include "core/input.hpp"
#include "core/outbox.hpp"
#include "core/sessions.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/ticket_changes.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Provider {
 public:
  Provider(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams, Tickets &tickets,
           TicketChanges &ticket_changes, UpstreamBudget &budget, TimerQueue &timers,
           const Directory &directory)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        ticket_changes_(ticket_changes),
        budget_(budget),
        timers_(timers),
        directory_(directory) {}

  // From children and local players.
  void request(const Peer &peer, const Request &request);
  void serve(const Request &request);  // of a search, that a supernode found us fit for
  void hold(const Peer &peer, const Hold &hold);
  void loop_check(const Peer &from, const LoopCheck &check);
  void loop_checked(const LoopChecked &checked);
  void leave();  // the children are to find other parents
  void confirm(const Peer &peer, const Confirm &confirm);
  void cancelled(const Ticket &ticket);  // by the other end
  void peer_gone(PeerId peer);

  void relay_said(const Slug &slug, const Message &message);
  void unconfirmed(const TicketId &id);  // is due
  void loop_check_due(const TicketId &id);
  void overcommit_due(const TicketId &id);
  void slow(const ChildSlow &input);
  void slow_due(const TicketId &id);
  void lapse();  // those that no heartbeat has named

  void media_opened(const Slug &slug);                 // local players that waited are let in
  void not_found(const Slug &slug, RefusalCode code);  // or sent away
  void moved(const Slug &slug);                        // the path to the publisher is another, or cut
  void revoke(const Ticket &ticket, const std::string &code, const std::string &message);
  void revoke_all(const Slug &slug, const std::string &code, const std::string &message);
  std::uint64_t slow_children() const { return slow_children_; }

 private:
  void refuse(PeerId peer, const Request &request, RefusalCode code, const std::string &message);
  void from_node(const Peer &peer, const Request &request);
  void again(const Peer &peer, Ticket &ticket, const Request &request);
  void displace(const Slug &slug);
  void check(Ticket &ticket, bool parent);
  void grant(Ticket &ticket);
  void tell_path(const Ticket &ticket, bool granted);
  void give_back(Ticket &ticket);
  void shun(const Slug &slug, const Uuid &child);
  bool renewable(const Ticket &ticket, const Peer &child) const;
  bool shunned(const Slug &slug, const Uuid &child) const;
  void cover_overcommitted();  // where there is room now
  void unlink(const Ticket &ticket, const std::string &code, const std::string &message);
  void no_room_left(const Ticket &ticket, RefusalCode code, const std::string &message);
  void from_element(const Peer &peer, const Request &request);
  void admit(Ticket ticket, const Peer &peer);
  void ask_relay(Ticket &ticket);
  void offered(Ticket &ticket, Offer offer);
  void end(const Ticket &ticket);
  void open(StreamState &stream);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
  TicketChanges &ticket_changes_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  const Directory &directory_;
  std::map<std::pair<Slug, Uuid>, Time> shunned_;  // until then
  std::uint64_t slow_children_ = 0;
};

}  // namespace astral::core
