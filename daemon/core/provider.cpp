// SPDX-License-Identifier: BSD-3-Clause
#include "core/provider.hpp"

#include <algorithm>
#include <utility>

#include "core/admission.hpp"
#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

void Provider::refuse(PeerId peer, const Request &request, RefusalCode code, const std::string &message) {
  sessions_.send(peer, Refusal{.ticket = request.ticket,
                               .search = request.search,
                               .slug = slug_in(request.slug),
                               .code = code,
                               .message = message,
                               .asked = request.asked});
}

void Provider::request(const Peer &peer, const Request &request) {
  if (!request.search.empty()) return serve(request);
  if (!is_uuid(request.ticket) || !is_stream_name(request.slug))
    return refuse(peer.id, request, RefusalCode::bad_request, "not a ticket or not a slug");
  Ticket *known = tickets_.find(request.ticket);
  if (known != nullptr && sessions_.with(*known, peer) && known->side == Side::given &&
      slug_in(known->slug) == slug_in(request.slug) && known->state == TicketState::standing_by)
    return child_tickets_.resume(*known, request);
  if (known != nullptr) return refuse(peer.id, request, RefusalCode::bad_request, "that ticket exists");
  if (peer.kind == PeerKind::node)
    return refuse(peer.id, request, RefusalCode::no_stream, "no such ticket, or it has lapsed");
  from_element(peer, request);
}

void Provider::serve(Request request) {
  if (!is_uuid(request.search) || !is_slug(request.slug) || request.asker.uuid != request.destination) return;
  const Slug name = directory_.name_for(request.slug, request.key);
  if (name.empty()) {
    if (const Peer *asker = sessions_.open(request.asker))
      refuse(asker->id, request, RefusalCode::no_room, "another stream has this name there");
    return;
  }
  request.slug = name;
  // Our supernode counts one place as taken now. If it was not taken, CarryChanged tells it.
  StreamState *stream = streams_.find(request.slug);
  if (stream != nullptr && stream->told.room > 0)
    --stream->told.room;
  else if (stream != nullptr && stream->told.leaves > 0)
    --stream->told.leaves;
  outbox_.post(CarryChanged{.slug = request.slug});
  const Peer *peer = sessions_.open(request.asker);
  if (peer != nullptr && peer->kind == PeerKind::node) from_node(*peer, request);
}

void Provider::from_node(const Peer &peer, const Request &request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  StreamState *stream = streams_.find(request.slug);
  const Admission at{
      .now = node_.now,
      .open = stream != nullptr && streams_.offers_places(*stream),
      .shunned = child_tickets_.shunned(request.slug, request.destination),
      .invited = invited(directory_.stream(request.slug), request.pass, request.invited, node_.unix_ms())};
  if (const auto objection = core::objection(stream, request, at, node_.settings.timeouts))
    return no(objection->code, objection->why);
  for (const TicketId &id : tickets_.given(request.slug))
    if (const Ticket &ticket = *tickets_.find(id); sessions_.with(ticket, peer)) {
      // Two supernodes handed the search to us. A refusal could overtake the offer, and the asker would cancel
      // a ticket that it does not know yet.
      if (ticket.child.search == request.search) return;
      if (!request.standby && renewable(ticket, peer)) continue;
      if (ticket.state != TicketState::standing_by || request.standby)
        return sessions_.send(peer.id, Refusal{.ticket = id,
                                               .search = request.search,
                                               .slug = slug_in(request.slug),
                                               .code = RefusalCode::conflict,
                                               .message = "you have a ticket"});
      child_tickets_.revoke(ticket, "replaced", "you ask for another");
    }
  if (tickets_.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (!budget_.fits(request.slug)) child_tickets_.take_lent(request.slug, request.destination);
  Claim claim = Claim::none;
  if (request.standby ? !budget_.fits(request.slug) : !budget_.reserve(request.slug)) {
    // It says that it forwards, so a leaf may find another place. Until then one place is overcommitted.
    const bool may = !request.standby && !request.leaf() && budget_.overcommitted() == 0 &&
                     child_tickets_.leaf(request.slug) != nullptr;
    if (!may || !budget_.overcommit(request.slug))
      return hand_down(request) ? void() : no(RefusalCode::no_room, budget_.objection());
    claim = Claim::overcommitted;
  } else if (!request.standby) {
    claim = Claim::reserved;
  }
  open(*stream);
  // A standby brings no media, so it closes no loop. The check follows when it is switched on.
  const bool check = request.parent && !request.standby && !stream->own;
  child_tickets_.add({.id = ticket_changes_.new_id(),
                      .slug = request.slug,
                      .destination = request.destination,
                      .hops = stream->position.hops + 1,
                      .child = {.state = check ? ChildState::checking : ChildState::asking,
                                .claim = claim,
                                .leaf = request.leaf(),
                                .search = request.search,
                                .pass = request.pass}},
                     peer);
}

// We are full, and one of our children may have room: so a tree grows although no supernode knows the places.
bool Provider::hand_down(const Request &request) {
  std::vector<PeerId> children;
  for (const TicketId &id : tickets_.given(request.slug)) {
    const Ticket &ticket = *tickets_.find(id);
    const std::vector<Uuid> &failed = request.unreachable;
    const bool fits = ticket.kind == PeerKind::node && ticket.child.state == ChildState::fed &&
                      !ticket.child.leaf && request.takes(ticket.destination) &&
                      std::find(failed.begin(), failed.end(), ticket.destination) == failed.end();
    if (fits) children.push_back(ticket.peer);
  }
  if (children.empty()) return false;
  Request same = request;
  same.slug = slug_in(request.slug);
  sessions_.send(children[rng_.below(children.size())], std::move(same));
  return true;
}

void Provider::handed_down(const Peer &from, const Request &request) {
  const StreamState *stream = streams_.find(directory_.name_for(request.slug, request.key));
  const Link *parent = stream == nullptr ? nullptr : roles(*stream).parent;
  if (parent != nullptr && sessions_.with(*tickets_.find(parent->id), from)) serve(request);
}

// A child may renew its link: it asks for a second one and cancels the old one when media flows. The old one
// must have some age, and a child has two links at most.
bool Provider::renewable(const Ticket &ticket, const Peer &child) const {
  const Timeouts &timeouts = node_.settings.timeouts;
  const std::vector<TicketId> given = tickets_.given(ticket.slug);
  const auto theirs = std::count_if(given.begin(), given.end(), [&](const TicketId &id) {
    const Ticket &other = *tickets_.find(id);
    return sessions_.with(other, child) && other.state != TicketState::standing_by;
  });
  return theirs == 1 && ticket.child.state == ChildState::fed &&
         node_.now - ticket.created >= std::min(timeouts.renew / 2, timeouts.renew_again);
}

void Provider::from_element(const Peer &peer, Request request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  const Slug name = directory_.name_for(request.slug, request.key);
  if (name.empty())
    return no(RefusalCode::no_stream, "the stream that is known by this name has another key");
  request.slug = name;
  if (tickets_.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (tickets_.given(request.slug, PeerKind::element) >= node_.settings.max_players)
    return no(RefusalCode::no_room, "as many play it here as the node's setting max-players allows");
  StreamState *stream = streams_.find(request.slug);
  if (stream == nullptr && streams_.all.size() >= max_carried)
    return no(RefusalCode::no_room, "too many streams here");
  if (stream != nullptr && stream->ended) return no(RefusalCode::no_stream, has_ended);
  if (stream != nullptr && stream->own && !stream->own->ended) open(*stream);
  const bool waits = stream == nullptr || !stream->media;
  child_tickets_.add(
      {.id = request.ticket,
       .slug = request.slug,
       .destination = peer.uuid,
       .child = {.state = waits ? ChildState::waiting : ChildState::asking, .claim = Claim::none}},
      peer);
}

void Provider::open(StreamState &stream) {
  if (stream.media) return;
  stream.media = true;
  outbox_.emit(OpenMedia{.slug = stream.slug, .own = stream.own.has_value()});
  outbox_.post(MediaOpened{.slug = stream.slug});
}

}  // namespace astral::core
