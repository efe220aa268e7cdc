// SPDX-License-Identifier: BSD-3-Clause
#include "core/tickets.hpp"

#include <cassert>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

std::string_view name(TicketState state) {
  switch (state) {
    case TicketState::waiting:
      return "waiting";
    case TicketState::requested:
      return "requested";
    case TicketState::offered:
      return "offered";
    case TicketState::confirmed:
      return "confirmed";
    case TicketState::standing_by:
      return "standby";
  }
  return "";
}

std::size_t &Tickets::counter(Stream &stream, const Ticket &ticket) {
  return ticket.kind == PeerKind::node ? stream.given_nodes : stream.given_elements;
}

bool Tickets::full(PeerId peer) const {
  return tickets_.size() >= max_tickets || count(peer) >= max_tickets_per_peer;
}

Ticket &Tickets::add(Ticket ticket) {
  assert(!full(ticket.peer) && !tickets_.contains(ticket.id));
  assert(ticket.state <= TicketState::requested ||
         (ticket.side == Side::held && ticket.state == TicketState::offered));
  Stream &stream = streams_[ticket.slug];
  stream.ids.insert(ticket.id);
  if (counts(ticket)) ++counter(stream, ticket);
  peers_[ticket.peer].insert(ticket.id);
  const TicketId id = ticket.id;
  return tickets_.emplace(id, std::move(ticket)).first->second;
}

Ticket *Tickets::find(const TicketId &id) {
  const auto found = tickets_.find(id);
  return found == tickets_.end() ? nullptr : &found->second;
}

const Ticket *Tickets::find(const TicketId &id) const {
  const auto found = tickets_.find(id);
  return found == tickets_.end() ? nullptr : &found->second;
}

void Tickets::enter(Ticket &ticket, TicketState state) {
  const auto step = [&](TicketState from, TicketState to) { return ticket.state == from && state == to; };
  assert(ticket.side == Side::held);
  assert(step(TicketState::requested, TicketState::offered) ||
         step(TicketState::requested, TicketState::confirmed) ||
         step(TicketState::offered, TicketState::confirmed) ||
         step(TicketState::offered, TicketState::standing_by) ||
         step(TicketState::confirmed, TicketState::standing_by) ||
         step(TicketState::standing_by, TicketState::requested));
  ticket.state = state;
}

void Tickets::enter(Ticket &ticket, ChildState state) {
  assert(ticket.side == Side::given && may_follow(ticket.child.state, state));
  ticket.child.state = state;
  ticket.state = agreed(state);
}

void Tickets::claim(Ticket &ticket, Claim claim) {
  if (counts(ticket)) --counter(streams_.at(ticket.slug), ticket);
  ticket.child.claim = claim;
  if (counts(ticket)) ++counter(streams_.at(ticket.slug), ticket);
}

void Tickets::remove(const TicketId &id) {
  const auto found = tickets_.find(id);
  assert(found != tickets_.end());
  const Ticket &ticket = found->second;
  const auto stream = streams_.find(ticket.slug);
  if (counts(ticket)) --counter(stream->second, ticket);
  stream->second.ids.erase(id);
  if (stream->second.ids.empty()) streams_.erase(stream);
  const auto peer = peers_.find(ticket.peer);
  peer->second.erase(id);
  if (peer->second.empty()) peers_.erase(peer);
  tickets_.erase(found);
}

std::vector<TicketId> Tickets::all() const {
  std::vector<TicketId> ids;
  for (const auto &[id, ticket] : tickets_) ids.push_back(id);
  return ids;
}

std::vector<TicketId> Tickets::of_stream(const Slug &slug) const {
  const auto stream = streams_.find(slug);
  if (stream == streams_.end()) return {};
  return {stream->second.ids.begin(), stream->second.ids.end()};
}

std::vector<TicketId> Tickets::given(const Slug &slug) const {
  std::vector<TicketId> ids = of_stream(slug);
  std::erase_if(ids, [this](const TicketId &id) { return tickets_.at(id).side != Side::given; });
  return ids;
}

std::vector<TicketId> Tickets::of_peer(PeerId peer) const {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::size_t Tickets::count(PeerId peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? 0 : found->second.size();
}

std::size_t Tickets::given(const Slug &slug, PeerKind kind) const {
  const auto stream = streams_.find(slug);
  if (stream == streams_.end()) return 0;
  return kind == PeerKind::node ? stream->second.given_nodes : stream->second.given_elements;
}

bool Tickets::any_given(const Slug &slug) const {
  return given(slug, PeerKind::node) + given(slug, PeerKind::element) > 0;
}

void Tickets::check_invariants() const {
  assert(tickets_.size() <= max_tickets);
  std::size_t by_stream = 0;
  for (const auto &[slug, stream] : streams_) {
    std::size_t nodes = 0;
    std::size_t elements = 0;
    by_stream += stream.ids.size();
    for (const TicketId &id : stream.ids) {
      const Ticket &ticket = tickets_.at(id);
      assert(ticket.id == id && ticket.slug == slug && peers_.at(ticket.peer).contains(id));
      assert(ticket.side == Side::held || ticket.state == agreed(ticket.child.state));
      assert(ticket.state != TicketState::waiting ||
             (ticket.side == Side::given && ticket.kind == PeerKind::element));
      if (counts(ticket)) ++(ticket.kind == PeerKind::node ? nodes : elements);
    }
    assert(nodes == stream.given_nodes && elements == stream.given_elements);
  }
  std::size_t by_peer = 0;
  for (const auto &[peer, ids] : peers_) {
    assert(ids.size() <= max_tickets_per_peer);
    by_peer += ids.size();
  }
  assert(by_stream == tickets_.size() && by_peer == tickets_.size());
}

}  // namespace astral::core
