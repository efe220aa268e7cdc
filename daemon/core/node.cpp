// SPDX-License-Identifier: BSD-3-Clause
// Which part an input concerns, the calls that concern several, and the shutdown.
#include "core/node.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

Node::Node(Settings settings)
    : desk_(std::move(settings)),
      membership_(desk_),
      provider_(desk_),
      consumer_(desk_),
      publishing_(desk_, consumer_) {
  assert(is_uuid(desk_.self()));
  NodeInfo &self = desk_.settings.self;
  if (self.updated == 0)
    self.updated = static_cast<std::uint64_t>(std::max<std::int64_t>(0, desk_.unix_ms()));
  if (!self.upstream_kbps && desk_.settings.upstream_bps)
    self.upstream_kbps = *desk_.settings.upstream_bps / 1000;
  desk_.agenda.set({.due = Due::start}, Time{});
}

void Node::handle(const Input &input, Time now, Effects &out) {
  desk_.now = std::max(now, desk_.now);
  desk_.out = &out;
  if (stopped_) {
    refuse(input);
  } else {
    std::visit([this](const auto &what) { on(what); }, input);
    while (!desk_.notices.empty()) {
      const Notice notice = std::move(desk_.notices.front());
      desk_.notices.pop_front();
      hand_on(notice);
    }
  }
  desk_.out = nullptr;
}

// Every call has its answer, also after the end.
void Node::refuse(const Input &input) {
  std::visit(
      [this](const auto &what) {
        if constexpr (requires { what.call; } &&
                      !std::is_same_v<std::decay_t<decltype(what)>, OriginAnswered>)
          desk_.answer(what.call, fail(Code::refused, "this node is shutting down"));
      },
      input);
}

void Node::on(const Tick &) {
  while (const std::optional<Agenda::Key> key = desk_.agenda.take(desk_.now)) fall_due(*key);
}

void Node::fall_due(const Agenda::Key &key) {
  switch (key.due) {
    case Due::start:
      return membership_.start();
    case Due::bootstrap:
      return membership_.bootstrap(key.number);
    case Due::beat:
      membership_.beat();
      provider_.lapse();
      consumer_.lapse();
      return publishing_.beat();
    case Due::unconfirmed:
      return provider_.unconfirmed(key.name);
    case Due::step:
      return consumer_.step_due(key.name);
    case Due::search:
      return consumer_.search_due(key.name);
    case Due::retry:
      return consumer_.retry_due(key.name);
    case Due::unwanted:
      return consumer_.unwanted_due(key.name);
    case Due::registration:
      return publishing_.registration_due(key.number);
  }
}

void Node::hand_on(const Notice &notice) {
  if (const auto *ready = std::get_if<PeerReady>(&notice)) {
    consumer_.peer_ready(ready->peer);
  } else if (const auto *gone = std::get_if<PeerGone>(&notice)) {
    publishing_.peer_gone(gone->peer);
    provider_.peer_gone(gone->peer);
    consumer_.peer_gone(gone->peer);
  } else if (const auto *ended = std::get_if<StreamGone>(&notice)) {
    provider_.revoke_all(ended->slug, "ended", "the stream has ended");
    consumer_.drop(ended->slug, {Code::not_found, "the stream has ended"}, "ended");
  } else if (const auto *opened = std::get_if<MediaOpened>(&notice)) {
    provider_.media_opened(opened->slug);
  } else if (const auto *lacking = std::get_if<NotFound>(&notice)) {
    provider_.not_found(lacking->slug, lacking->code);
  } else if (const auto *moved = std::get_if<Moved>(&notice)) {
    provider_.moved(moved->slug);
  } else if (const auto *need = std::get_if<NeedChanged>(&notice)) {
    consumer_.need_changed(need->slug);
  } else if (const auto *own = std::get_if<OwnChanged>(&notice)) {
    membership_.own_changed(*own);
  } else if (std::holds_alternative<OriginHeard>(notice)) {
    consumer_.origin_heard();
  }
}

void Node::on(const PeerSaid &input) {
  Peer *peer = desk_.peers.find(input.peer);
  if (peer == nullptr || peer->state == PeerState::connecting) return;  // its last words, after we let it go
  peer->heard = desk_.now;
  if (const auto *hello = std::get_if<Hello>(&input.message)) return membership_.hello(*peer, *hello);
  if (const auto *welcome = std::get_if<Welcome>(&input.message)) return membership_.welcome(*peer, *welcome);
  if (peer->state != PeerState::ready)
    return membership_.drop(peer->id, peer->outbound ? "expected welcome" : "expected hello");
  said(*peer, input.message);
}

void Node::said(Peer &peer, const Message &message) {
  if (const auto *request = std::get_if<Request>(&message))
    provider_.request(peer, *request);
  else if (const auto *offer = std::get_if<Offer>(&message))
    consumer_.offer(peer, *offer);
  else if (const auto *refusal = std::get_if<Refusal>(&message))
    consumer_.refusal(peer, *refusal);
  else if (const auto *confirm = std::get_if<Confirm>(&message))
    provider_.confirm(peer, *confirm);
  else if (const auto *more = std::get_if<Candidates>(&message))
    candidates(peer, *more);
  else if (const auto *ends = std::get_if<Cancel>(&message))
    cancel(peer, *ends);
  else if (const auto *beat = std::get_if<Heartbeat>(&message))
    heartbeat(peer, *beat);
  else if (std::holds_alternative<Goodbye>(message))
    membership_.goodbye(peer);
  else if (const auto *publish = std::get_if<Publish>(&message))
    publishing_.publish(peer, *publish);
  else if (const auto *media = std::get_if<Media>(&message))
    publishing_.media(peer, *media);
  else if (const auto *ended = std::get_if<Ended>(&message))
    publishing_.ended(peer, *ended);
  else if (peer.kind != PeerKind::node)
    return;  // the rest is for nodes
  else if (const auto *path = std::get_if<Path>(&message))
    consumer_.path(peer, *path);
  else if (const auto *nodes = std::get_if<Nodes>(&message))
    membership_.nodes(peer, nodes->nodes);
  else if (const auto *streams = std::get_if<Streams>(&message))
    membership_.streams(peer, streams->streams);
  else if (const auto *gone = std::get_if<Gone>(&message))
    membership_.gone(peer, *gone);
}

void Node::heartbeat(Peer &peer, const Heartbeat &heartbeat) {
  peer.beats = true;
  if (heartbeat.tickets.size() > max_tickets_per_peer)
    return membership_.drop(peer.id, "a heartbeat with too many tickets");
  if (peer.kind == PeerKind::element) {  // its tickets live as long as its connection
    for (const TicketId &id : desk_.tickets.of_peer(peer.id)) desk_.tickets.find(id)->refreshed = desk_.now;
    return;
  }
  for (const TicketId &id : heartbeat.tickets) {
    Ticket *ticket = desk_.tickets.find(id);
    if (ticket != nullptr && ticket->peer == peer.id)
      ticket->refreshed = desk_.now;
    else
      desk_.cancel(peer.id, id, "unknown", "no such ticket, or it has lapsed");
  }
}

void Node::cancel(const Peer &peer, const Cancel &cancel) {
  const Ticket *ticket = desk_.tickets.find(cancel.ticket);
  if (ticket == nullptr || ticket->peer != peer.id) return;
  if (ticket->side == Side::given)
    provider_.cancelled(*ticket);
  else
    consumer_.cancelled(*ticket, cancel.code);
}

void Node::candidates(const Peer &peer, const Candidates &candidates) {
  const Ticket *ticket = desk_.tickets.find(candidates.ticket);
  if (ticket == nullptr || ticket->peer != peer.id || ticket->state < TicketState::offered) return;
  if (ticket->side == Side::given)
    desk_.emit(TellRelay{.slug = ticket->slug, .message = candidates});
  else
    desk_.emit(TellSource{.slug = ticket->slug, .ticket = ticket->id, .message = candidates});
}

void Node::on(const DeleteStream &input) {
  const Expected<StreamInfo> stream = publishing_.may_delete(input.slug);
  if (!stream) return desk_.answer(input.call, tl::unexpected<Error>(stream.error()));
  membership_.tell_gone(input.slug, stream->updated);
  provider_.revoke_all(input.slug, "ended", "the stream has ended");
  consumer_.drop(input.slug, {Code::not_found, "the stream has ended"}, "ended");
  publishing_.forget(input.slug);
  desk_.answer(input.call, Answered{.stream = *stream});
}

void Node::on(const AskTicket &input) {
  if (!is_slug(input.slug)) return desk_.answer(input.call, fail(Code::not_found, "no such stream"));
  if (!input.destination.empty() && input.destination != desk_.self())
    return desk_.answer(input.call, fail(Code::unsupported, "destination_uuid: only this node, so far"));
  consumer_.watch(input.call, input.slug);
}

void Node::answer_ticket(CallId call, const Ticket *ticket) {
  if (ticket == nullptr) return desk_.answer(call, fail(Code::not_found, "no such ticket"));
  desk_.answer(call, Answered{.ticket = ticket->id});
}

void Node::on(const RefreshTicket &input) {
  const Ticket *ticket = ticket_to(input.slug, input.destination);
  if (ticket != nullptr) desk_.tickets.find(ticket->id)->refreshed = desk_.now;
  answer_ticket(input.call, ticket);
}

// The media floor confirms as soon as it can; this call finds out whether the ticket is there at all.
void Node::on(const ConfirmTicket &input) {
  answer_ticket(input.call, ticket_to(input.slug, input.destination));
}

void Node::on(const RevokeTicket &input) {
  const bool ours = input.destination.empty() || input.destination == desk_.self();
  if (ours) {
    const Carried *stream = desk_.carries(input.slug);
    if (stream == nullptr) return desk_.answer(input.call, fail(Code::not_found, "no such ticket"));
    if (stream->own)
      return desk_.answer(input.call, fail(Code::conflict, "published here: pause or delete the stream"));
    // Our children look for another parent themselves.
    provider_.revoke_all(input.slug, "revoked", "the node gave the stream up");
    consumer_.drop(input.slug, {Code::refused, "the ticket was given up meanwhile"}, "revoked");
    return desk_.answer(input.call, Answered{});
  }
  const Ticket *ticket = ticket_to(input.slug, input.destination);
  if (ticket == nullptr) return desk_.answer(input.call, fail(Code::not_found, "no such ticket"));
  while ((ticket = ticket_to(input.slug, input.destination)) != nullptr)
    provider_.revoke(*ticket, "revoked", "the node stopped forwarding");
  desk_.answer(input.call, Answered{});
}

void Node::on(const RegisterNode &input) {
  if (!is_uuid(input.node.uuid) || input.node.port == 0 || input.node.ip_address.empty())
    return desk_.answer(input.call, fail(Code::invalid, "uuid, ip_address, port: needed"));
  const bool created = !find_node(input.node.uuid);
  if (input.node.uuid != desk_.self() && !membership_.add_node(input.node))
    return desk_.answer(input.call, fail(Code::no_room, "this node knows too many nodes"));
  desk_.answer(input.call, Answered{.created = created});
}

void Node::on(const ForgetNode &input) {
  if (input.uuid == desk_.self())
    return desk_.answer(input.call, fail(Code::conflict, "that is this node: DELETE /node shuts it down"));
  if (!membership_.forget_node(input.uuid))
    return desk_.answer(input.call, fail(Code::not_found, "no such node"));
  desk_.answer(input.call, Answered{});
}

void Node::on(const Shutdown &) {
  const Error error{Code::refused, "this node is shutting down"};
  publishing_.fail_pending(error);
  publishing_.leave();
  for (const auto &[slug, stream] : desk_.carried)
    if (stream.own) membership_.own_changed({.slug = slug, .registered = false});
  std::vector<Slug> slugs;
  for (const auto &[slug, stream] : desk_.carried) slugs.push_back(slug);
  for (const Slug &slug : slugs) {
    provider_.revoke_all(slug, "goodbye", "the node is shutting down");
    consumer_.drop(slug, error, "goodbye");
  }
  membership_.leave();
  desk_.notices.clear();
  desk_.agenda.clear();
  desk_.emit(Quit{});
  stopped_ = true;
}

}  // namespace astral::core
