// SPDX-License-Identifier: BSD-3-Clause
#include "core/provider.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

void Provider::refuse(PeerId peer, const Request &request, RefusalCode code, const std::string &message) {
  Refusal refusal{.ticket = request.ticket, .slug = request.slug, .code = code, .message = message};
  if (code == RefusalCode::no_room) refusal.others = others(request.slug);
  std::erase_if(refusal.others, [&](const NodeInfo &node) { return node.uuid == request.destination; });
  desk_.send(peer, std::move(refusal));
}

// Whom we feed with this stream: they may have the room that we have not.
std::vector<NodeInfo> Provider::others(const Slug &slug) const {
  std::vector<NodeInfo> list;
  for (const TicketId &id : desk_.tickets.given(slug)) {
    const Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.kind != PeerKind::node || ticket.state != TicketState::confirmed) continue;
    const NodeInfo *node = desk_.directory.node(ticket.destination);
    if (node != nullptr) list.push_back(*node);
    if (list.size() == max_others) break;
  }
  return list;
}

void Provider::request(const Peer &peer, const Request &request) {
  if (!is_uuid(request.ticket) || !is_slug(request.slug))
    return refuse(peer.id, request, RefusalCode::bad_request, "not a ticket or not a slug");
  if (desk_.tickets.find(request.ticket) != nullptr)
    return refuse(peer.id, request, RefusalCode::bad_request, "that ticket exists");
  if (peer.kind == PeerKind::node)
    from_node(peer, request);
  else
    from_element(peer, request);
}

void Provider::from_node(const Peer &peer, const Request &request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  if (request.destination != peer.uuid)
    return no(RefusalCode::bad_request, "destination is not the asking node");
  Carried *stream = desk_.carries(request.slug);
  if (stream == nullptr) return no(RefusalCode::no_stream, "not here");
  if (std::find(stream->path.begin(), stream->path.end(), request.destination) != stream->path.end())
    return no(RefusalCode::loop, "we get it through you");
  if (!desk_.open_to_children(*stream)) return no(RefusalCode::no_room, "no parent ourselves");
  if (stream->path.size() + 1 >= max_path) return no(RefusalCode::no_room, "too far from the publisher");
  // A node that asks us again has lost what it had from us.
  for (const TicketId &id : desk_.tickets.of_peer(peer.id)) {
    const Ticket &old = *desk_.tickets.find(id);
    if (old.side == Side::given && old.slug == request.slug) revoke(old, "replaced", "asked again");
  }
  if (desk_.tickets.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (!desk_.room.take(request.slug)) return no(RefusalCode::no_room, "the upstream is used up");
  open(*stream);
  admit({.id = request.ticket, .slug = request.slug, .destination = request.destination}, peer);
}

void Provider::from_element(const Peer &peer, const Request &request) {
  const auto no = [&](RefusalCode code, const char *why) { refuse(peer.id, request, code, why); };
  if (desk_.tickets.full(peer.id)) return no(RefusalCode::no_room, "too many tickets");
  if (desk_.tickets.given(request.slug, PeerKind::element) >= max_local_players)
    return no(RefusalCode::no_room, "too many local players");
  Carried *stream = desk_.carries(request.slug);
  if (stream == nullptr && desk_.carried.size() >= max_carried)
    return no(RefusalCode::no_room, "too many streams here");
  if (stream != nullptr && stream->own) open(*stream);
  Ticket ticket{.id = request.ticket, .slug = request.slug, .destination = peer.uuid};
  if (stream == nullptr || !stream->media) ticket.state = TicketState::waiting;
  admit(std::move(ticket), peer);
}

void Provider::admit(Ticket ticket, const Peer &peer) {
  ticket.side = Side::given;
  ticket.peer = peer.id;
  ticket.kind = peer.kind;
  ticket.source = desk_.self();
  const Ticket &added = desk_.add(std::move(ticket));
  if (added.state == TicketState::requested) ask_relay(added);
  desk_.notice(NeedChanged{.slug = added.slug});
}

void Provider::open(Carried &stream) {
  if (stream.media) return;
  stream.media = true;
  desk_.emit(OpenMedia{.slug = stream.slug});
  desk_.notice(MediaOpened{.slug = stream.slug});
}

void Provider::ask_relay(const Ticket &ticket) {
  assert(ticket.state == TicketState::requested && desk_.carries(ticket.slug)->media);
  desk_.agenda.set({.due = Due::unconfirmed, .name = ticket.id},
                   desk_.now + desk_.settings.timeouts.unconfirmed);
  desk_.emit(TellRelay{
      .slug = ticket.slug,
      .message = Request{.ticket = ticket.id, .slug = ticket.slug, .destination = ticket.destination}});
}

void Provider::relay_said(const Slug &slug, const Message &message) {
  const auto ticket_of = [&](const TicketId &id) -> Ticket * {
    Ticket *ticket = desk_.tickets.find(id);
    return ticket != nullptr && ticket->side == Side::given && ticket->slug == slug ? ticket : nullptr;
  };
  if (const auto *offer = std::get_if<Offer>(&message)) {
    Ticket *ticket = ticket_of(offer->ticket);
    if (ticket != nullptr && ticket->state == TicketState::requested) offered(*ticket, *offer);
  } else if (const auto *candidates = std::get_if<Candidates>(&message)) {
    const Ticket *ticket = ticket_of(candidates->ticket);
    if (ticket != nullptr && ticket->state >= TicketState::offered) desk_.send(ticket->peer, *candidates);
  } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
    const Ticket *ticket = ticket_of(refusal->ticket);
    if (ticket == nullptr || ticket->state != TicketState::requested) return;
    Refusal told = *refusal;
    told.slug = slug;
    desk_.send(ticket->peer, std::move(told));
    end(*ticket);
  } else if (const auto *cancel = std::get_if<Cancel>(&message)) {
    const Ticket *ticket = ticket_of(cancel->ticket);
    if (ticket == nullptr) return;
    desk_.send(ticket->peer, *cancel);
    end(*ticket);
  }
}

// The relay knows the link; hops and path are the node's.
void Provider::offered(Ticket &ticket, Offer offer) {
  const Carried &stream = *desk_.carries(ticket.slug);
  if (ticket.kind == PeerKind::node && !desk_.open_to_children(stream))
    return revoke(ticket, "no-room", "lost our own parent");
  ticket.hops = stream.hops + 1;
  desk_.enter(ticket, TicketState::offered);
  desk_.agenda.set({.due = Due::unconfirmed, .name = ticket.id},
                   desk_.now + desk_.settings.timeouts.unconfirmed);
  offer.slug = ticket.slug;
  offer.source = desk_.self();
  offer.hops = ticket.hops;
  offer.path = stream.path;
  offer.path.push_back(desk_.self());
  desk_.send(ticket.peer, std::move(offer));
}

void Provider::confirm(const Peer &peer, const Confirm &confirm) {
  Ticket *ticket = desk_.tickets.find(confirm.ticket);
  if (ticket == nullptr || ticket->peer != peer.id || ticket->side != Side::given)
    return desk_.cancel(peer.id, confirm.ticket, "unknown", "no such ticket, or it has lapsed");
  if (ticket->state != TicketState::offered) return revoke(*ticket, "protocol", "confirmed out of turn");
  desk_.agenda.drop({.due = Due::unconfirmed, .name = ticket->id});
  desk_.enter(*ticket, TicketState::confirmed);
  desk_.emit(TellRelay{.slug = ticket->slug, .message = confirm});
}

void Provider::cancelled(const Ticket &ticket) {
  assert(ticket.side == Side::given);
  if (ticket.state != TicketState::waiting)
    desk_.emit(TellRelay{
        .slug = ticket.slug,
        .message = Cancel{.ticket = ticket.id, .code = "cancelled", .message = "by the other end"}});
  end(ticket);
}

void Provider::revoke(const Ticket &ticket, const std::string &code, const std::string &message) {
  assert(ticket.side == Side::given);
  const Cancel cancel{.ticket = ticket.id, .code = code, .message = message};
  if (ticket.state != TicketState::waiting) desk_.emit(TellRelay{.slug = ticket.slug, .message = cancel});
  desk_.send(ticket.peer, cancel);
  end(ticket);
}

void Provider::revoke_all(const Slug &slug, const std::string &code, const std::string &message) {
  for (const TicketId &id : desk_.tickets.given(slug)) revoke(*desk_.tickets.find(id), code, message);
}

void Provider::end(const Ticket &ticket) {
  desk_.agenda.drop({.due = Due::unconfirmed, .name = ticket.id});
  if (ticket.kind == PeerKind::node) desk_.room.give_back(ticket.slug);
  desk_.notice(NeedChanged{.slug = ticket.slug});
  desk_.end(ticket);
}

void Provider::peer_gone(PeerId peer) {
  for (const TicketId &id : desk_.tickets.of_peer(peer)) {
    const Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.side == Side::given) cancelled(ticket);
  }
}

void Provider::unconfirmed(const TicketId &id) {
  const Ticket *ticket = desk_.tickets.find(id);
  if (ticket == nullptr) return;
  revoke(*ticket, "timeout", ticket->state == TicketState::requested ? "no offer was made" : "not confirmed");
}

void Provider::lapse() {
  for (const TicketId &id : desk_.tickets.all()) {
    const Ticket *ticket = desk_.tickets.find(id);
    if (ticket->side != Side::given || ticket->kind != PeerKind::node) continue;
    if (ticket->state != TicketState::confirmed) continue;
    if (desk_.now - ticket->refreshed >= desk_.settings.timeouts.silence)
      revoke(*ticket, "lapsed", "no heartbeat named it");
  }
}

void Provider::media_opened(const Slug &slug) {
  const Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !stream->media) return;
  for (const TicketId &id : desk_.tickets.given(slug)) {
    Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.state != TicketState::waiting) continue;
    desk_.enter(ticket, TicketState::requested);
    ask_relay(ticket);
  }
}

void Provider::not_found(const Slug &slug, RefusalCode code) {
  const char *message = code == RefusalCode::no_stream ? "nobody knows this stream" : "nobody has room";
  for (const TicketId &id : desk_.tickets.given(slug)) {
    const Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.state != TicketState::waiting) continue;
    desk_.send(ticket.peer, Refusal{.ticket = id, .slug = slug, .code = code, .message = message});
    end(ticket);
  }
}

void Provider::moved(const Slug &slug) {
  const Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !desk_.open_to_children(*stream)) return;
  Path path{.ticket = {}, .hops = stream->hops + 1, .path = stream->path};
  path.path.push_back(desk_.self());
  for (const TicketId &id : desk_.tickets.given(slug)) {
    Ticket &ticket = *desk_.tickets.find(id);
    if (ticket.state < TicketState::offered) continue;
    ticket.hops = path.hops;
    path.ticket = id;
    if (ticket.kind == PeerKind::node) desk_.send(ticket.peer, path);
  }
}

}  // namespace astral::core
