// SPDX-License-Identifier: BSD-3-Clause
// The tickets that this node gave, from the moment when a child or a local player was let in until they end:
// the loop check, the offer and what it says of hops and path, standing by, places beyond the upstream,
// lapses. Who is let in is Provider's decision. The links themselves are the relay's.
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

class ChildTickets {
 public:
  ChildTickets(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams,
               Tickets &tickets, TicketChanges &ticket_changes, UpstreamBudget &budget, TimerQueue &timers,
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

  // From Provider, which has reserved the room.
  void add(Ticket ticket, const Peer &peer);
  // A child that stood by switched its link on and asks to be fed. Where there is no room, it gets a place
  // for as long as it needs to find another parent.
  void resume(Ticket &ticket, const Request &request);
  // Revokes the ticket of another child than `asker` that acknowledges nothing or whose line is too thin, if
  // there is one.
  void take_lent(const Slug &slug, const Uuid &asker);
  // A rate or the limit has changed. If the children take more than the limit, the excess has as long as an
  // overcommitted place to find other parents.
  void budget_changed();
  // A fed child that forwards nothing: it is asked to move if another one, which is let in beyond the
  // upstream, confirms. Null: none.
  Ticket *leaf(const Slug &slug) const;
  // A short time ago it did not hold the rate, or a leaf that was asked to move for it found no place.
  bool shunned(const Slug &slug, const Uuid &child) const;

  // From children and local players.
  void hold(const Peer &peer, const Hold &hold);
  void confirm(const Peer &peer, const Confirm &confirm);
  void cancelled(const Ticket &ticket);  // by the other end
  void loop_checked(const LoopChecked &checked);
  void peer_gone(PeerId peer);

  // From the relay.
  void relay_said(const Slug &slug, const Message &message);
  void slow(const ChildSlow &input);
  void measured(const MediaMeasured &input);

  // Timers.
  void unconfirmed(const TicketId &id);
  void loop_check_due(const TicketId &id);
  void overcommit_due(const TicketId &id);
  void slow_due(const TicketId &id);
  void lapse();  // with each beat

  void media_opened(const Slug &slug);                 // lets in the local players that waited
  void not_found(const Slug &slug, RefusalCode code, const std::string &why);  // refuses them
  void tell_trouble(const Slug &slug);                 // tells the local players why no media comes
  void moved(const Slug &slug);                        // the path to the publisher has changed or is cut
  void leave();                                        // asks the children to find other parents
  void revoke(const Ticket &ticket, const std::string &code, const std::string &message);
  void revoke_all(const Slug &slug, const std::string &code, const std::string &message);
  std::uint64_t slow_children() const { return slow_children_; }

 private:
  bool still_invited(const Ticket &ticket) const;
  void check_loop(const Ticket &ticket);
  void grant(Ticket &ticket);
  void tell_path(const Ticket &ticket, bool granted);
  void give_back(Ticket &ticket);
  bool move_leaf(Ticket &mover);
  void cover_overcommitted();
  void shun(const Slug &slug, const Uuid &child);
  void unlink(const Ticket &ticket, const std::string &code, const std::string &message);
  void no_room_left(const Ticket &ticket, RefusalCode code, const std::string &message);
  void ask_relay(const Ticket &ticket);
  void offered(Ticket &ticket, Offer offer);
  void end(const Ticket &ticket);
  void start_timer(TimerKind kind, const Ticket &ticket, Time after);
  void stop_timer(TimerKind kind, const Ticket &ticket);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
  TicketChanges &ticket_changes_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  const Directory &directory_;
  std::map<std::pair<Slug, Uuid>, Time> shunned_;  // a child gets the stream again after this
  std::uint64_t slow_children_ = 0;
};

}  // namespace astral::core
