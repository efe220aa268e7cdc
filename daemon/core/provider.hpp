// SPDX-License-Identifier: BSD-3-Clause
// Which children and local players get a ticket from this node: a node is asked by a search that its
// supernode handed on, an element asks for itself. The life of a ticket after that is in ChildTickets.
#pragma once

#include <string>

#include "core/child_tickets.hpp"
#include "core/directory.hpp"
#include "core/outbox.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/ticket_changes.hpp"
#include "core/tickets.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Provider {
 public:
  Provider(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams, Tickets &tickets,
           TicketChanges &ticket_changes, UpstreamBudget &budget, const Directory &directory,
           ChildTickets &child_tickets, Rng &rng)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        ticket_changes_(ticket_changes),
        budget_(budget),
        directory_(directory),
        child_tickets_(child_tickets),
        rng_(rng) {}

  void request(const Peer &peer, const Request &request);
  void serve(Request request);  // of a search; our supernode believes that we have room
  // A search that another node hands on to us: from the node that feeds us with the stream, which is full.
  void handed_down(const Peer &from, const Request &request);

 private:
  void refuse(PeerId peer, const Request &request, RefusalCode code, const std::string &message);
  void from_node(const Peer &peer, const Request &request);
  void from_element(const Peer &peer, Request request);
  bool hand_down(const Request &request);
  bool renewable(const Ticket &ticket, const Peer &child) const;
  void open(StreamState &stream);

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  Tickets &tickets_;
  TicketChanges &ticket_changes_;
  UpstreamBudget &budget_;
  const Directory &directory_;
  ChildTickets &child_tickets_;
  Rng &rng_;
};

}  // namespace astral::core
