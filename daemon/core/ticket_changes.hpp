// SPDX-License-Identifier: BSD-3-Clause
// The only ways in which a ticket begins, changes its state and ends: each notes the time and announces the
// change.
#pragma once

#include <utility>

#include "core/outbox.hpp"
#include "core/rng.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"

namespace astral::core {

class TicketChanges {
 public:
  TicketChanges(const ThisNode &node, Outbox &outbox, Tickets &tickets, Rng &rng)
      : node_(node), outbox_(outbox), tickets_(tickets), rng_(rng) {}

  // Random: a provider chooses the ids of its tickets. A node that has seen some must not guess the next one.
  TicketId new_id() {
    TicketId id = rng_.hex(32);
    while (tickets_.find(id) != nullptr) id = rng_.hex(32);
    return id;
  }
  Ticket &add(Ticket ticket) {
    ticket.created = ticket.refreshed = node_.now;
    Ticket &added = tickets_.add(std::move(ticket));
    announce(added);
    return added;
  }
  void enter(Ticket &ticket, TicketState state) {
    tickets_.enter(ticket, state);
    ticket.refreshed = node_.now;
    announce(ticket);
  }
  void enter(Ticket &ticket, ChildState state) {
    const TicketState before = ticket.state;
    tickets_.enter(ticket, state);
    if (ticket.state == before) return;
    ticket.refreshed = node_.now;
    announce(ticket);
  }
  void end(const Ticket &ticket) {
    announce(ticket);
    tickets_.remove(TicketId{ticket.id});
  }

 private:
  void announce(const Ticket &ticket) { outbox_.announce(Change::ticket, ticket.slug + "/" + ticket.id); }

  const ThisNode &node_;
  Outbox &outbox_;
  Tickets &tickets_;
  Rng &rng_;
};

}  // namespace astral::core
