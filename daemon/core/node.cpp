// SPDX-License-Identifier: BSD-3-Clause
// Which part an input concerns, and the shutdown.
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
      standing_(desk_, records_),
      membership_(desk_, standing_),
      routes_(desk_, records_),
      finder_(desk_, records_, routes_),
      provider_(desk_),
      consumer_(desk_),
      publishing_(desk_, consumer_) {
  assert(is_uuid(desk_.self()));  // the settings have been checked
  NodeInfo &self = desk_.settings.self;
  if (self.updated == 0)
    self.updated = static_cast<std::uint64_t>(std::max<std::int64_t>(0, desk_.unix_ms()));
  if (!self.upstream_kbps && desk_.settings.upstream_bps)
    self.upstream_kbps = *desk_.settings.upstream_bps / 1000;
  desk_.agenda.set({.due = Due::start}, Time{});
}

void Node::handle(const Input &input, Time now, Effects &out) {
  desk_.now = std::max(now, desk_.now);
  desk_.directory.set_clock(desk_.unix_ms());
  desk_.out = &out;
  if (stopped_) {
    refuse(input);
  } else {
    std::visit([this](const auto &what) { on(what); }, input);
    hand_on_all();
    if (desk_.leaving && !stopped_ && desk_.room.children() == 0) stop();
  }
  desk_.out = nullptr;
}

void Node::hand_on_all() {
  while (!desk_.notices.empty()) {
    const Notice notice = std::move(desk_.notices.front());
    desk_.notices.pop_front();
    hand_on(notice);
  }
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

void Node::on(const ClockSet &input) {
  // Bounded, so that sums with it are: within ten thousand years of 1970.
  constexpr std::int64_t most = 10'000LL * 366 * 24 * 3600 * 1000;
  desk_.settings.unix_ms_at_zero = std::clamp(input.unix_ms_at_zero, -most, most);
  desk_.directory.set_clock(desk_.unix_ms());
  if (NodeInfo &self = desk_.settings.self; !desk_.directory.timely(self.updated))
    self.updated = desk_.next_version(self.updated);
}

void Node::on(const Tick &) {
  while (const std::optional<Agenda::Key> key = desk_.agenda.take(desk_.now)) {
    fall_due(*key);
    hand_on_all();
    if (stopped_) return;
  }
}

void Node::fall_due(const Agenda::Key &key) {
  switch (key.due) {
    case Due::start:
      membership_.start();
      return standing_.start();
    case Due::seek:
      return standing_.seek();
    case Due::choose:
      return standing_.choose();
    case Due::promote:
      return standing_.promote();
    case Due::advert:
      return finder_.advert_due(key.name);
    case Due::climb:
      return provider_.climb_due(key.name);
    case Due::lent:
      return provider_.lent_due(key.name);
    case Due::slow:
      return provider_.slow_due(key.name);
    case Due::leave:
      return stop();
    case Due::seed:
      return desk_.answer(key.number, fail(Code::timeout, "that node does not answer"));
    case Due::beat:
      membership_.beat();
      standing_.beat();
      provider_.lapse();
      consumer_.lapse();
      finder_.beat();
      return publishing_.beat();
    case Due::unconfirmed:
      return provider_.unconfirmed(key.name);
    case Due::stream:
      return consumer_.look_again(key.name);
    case Due::registration:
      return publishing_.registration_due(key.number);
  }
}

void Node::hand_on(const Notice &notice) {
  const auto on = [this](const auto &what) {
    using T = std::decay_t<decltype(what)>;
    if constexpr (std::is_same_v<T, PeerReady>) {
      standing_.peer_ready(what.peer);
      routes_.peer_ready(what.peer);
      if (!what.meant.empty()) send_elsewhere(what.meant);
    } else if constexpr (std::is_same_v<T, PeerGone>) {
      publishing_.peer_gone(what.peer);
      provider_.peer_gone(what.peer);
      consumer_.peer_gone(what.peer);
      standing_.peer_gone(what);
      finder_.peer_gone(what);
      send_elsewhere(what.uuid);
    } else if constexpr (std::is_same_v<T, StreamGone>) {
      finder_.stream_gone(what.slug, what.updated, what.from);
      provider_.revoke_all(what.slug, "ended", "the stream has ended");
      consumer_.drop(what.slug, {Code::not_found, "the stream has ended"}, "ended");
    } else if constexpr (std::is_same_v<T, MediaOpened>) {
      provider_.media_opened(what.slug);
    } else if constexpr (std::is_same_v<T, NotFound>) {
      provider_.not_found(what.slug, what.code);
    } else if constexpr (std::is_same_v<T, Moved>) {
      provider_.moved(what.slug);
    } else if constexpr (std::is_same_v<T, NeedChanged>) {
      consumer_.need_changed(what.slug);
    } else if constexpr (std::is_same_v<T, OwnChanged>) {
      membership_.own_changed(what);
    } else if constexpr (std::is_same_v<T, OriginHeard>) {
      standing_.origin_heard();
    } else if constexpr (std::is_same_v<T, CarryChanged>) {
      finder_.carry_changed(what.slug);
    } else if constexpr (std::is_same_v<T, Closed>) {
      provider_.revoke_all(what.slug, "closed", "the stream is not carried any more");
    } else if constexpr (std::is_same_v<T, Settled>) {
      membership_.settled();
      finder_.settled();
      consumer_.settled();
    } else if constexpr (std::is_same_v<T, ToForward>) {
      routed(routes_.forward(what.routed));
    } else if constexpr (std::is_same_v<T, ToFind>) {
      finder_.find(what.find);
    } else if constexpr (std::is_same_v<T, ToServe>) {
      provider_.serve(what.request);
    } else if constexpr (std::is_same_v<T, OwnAnswer>) {
      const auto seed = seeds_.find(what.call);
      if (seed == seeds_.end()) return;
      desk_.send(seed->second.asker,
                 Seeded{.call = seed->second.call, .done = what.done, .message = what.message});
      seeds_.erase(seed);
    } else if constexpr (std::is_same_v<T, StreamNews>) {
      finder_.stream_news(what.stream, what.from);
      membership_.spread(what.stream, what.from);
    }
  };
  std::visit(on, notice);
}

void Node::on(const PeerSaid &input) {
  Peer *peer = desk_.peers.find(input.peer);
  if (peer == nullptr || peer->routed || peer->state == PeerState::connecting)
    return;  // its last words, after we let it go
  hear(*peer);
  if (const auto *hello = std::get_if<Hello>(&input.message)) return membership_.hello(*peer, *hello);
  if (const auto *welcome = std::get_if<Welcome>(&input.message)) return membership_.welcome(*peer, *welcome);
  if (peer->state != PeerState::ready)
    return desk_.drop(peer->id, peer->outbound ? "expected welcome" : "expected hello");
  if (const auto *message = std::get_if<Routed>(&input.message)) {
    if (peer->kind == PeerKind::node) routed(routes_.arrived(*peer, *message));
    return;
  }
  from_neighbour(*peer, input.message);
}

// A node that has two sessions with us is silent in neither.
void Node::hear(Peer &peer) {
  peer.heard = desk_.now;
  if (peer.kind == PeerKind::node && peer.state == PeerState::ready) desk_.peers.heard(peer.uuid, desk_.now);
}

// What waited for a supernode that is not reached.
void Node::send_elsewhere(const Uuid &supernode) {
  for (Routed &message : routes_.not_there(supernode)) routed(routes_.forward(std::move(message)));
}

// For us, from a node without a socket to us: as if it had one.
void Node::routed(std::optional<Routed> routed) {
  if (!routed || !routed->what || routed->from.uuid == desk_.self()) return;
  Peer *peer = desk_.session(routed->from);
  if (peer == nullptr || peer->kind != PeerKind::node) return;
  hear(*peer);
  said(*peer, routed->what->message);
}

// What only whoever has a socket to us may say.
void Node::from_neighbour(Peer &peer, const Message &message) {
  const bool node = peer.kind == PeerKind::node;
  if (std::holds_alternative<Register>(message)) {
    standing_.registration(peer);
    if (!peer.child) return;
    finder_.child_came(peer);
    membership_.child_came(peer.id);
  } else if (const auto *registered = std::get_if<Registered>(&message)) {
    standing_.registered(peer, *registered);
  } else if (const auto *full = std::get_if<Full>(&message)) {
    standing_.full(peer, *full);
  } else if (std::holds_alternative<Unregister>(message)) {
    standing_.unregistered(peer);
  } else if (std::holds_alternative<Summon>(message)) {
    standing_.summoned(peer);
  } else if (std::holds_alternative<Probe>(message)) {
    standing_.probe(peer);
  } else if (const auto *probed = std::get_if<Probed>(&message)) {
    standing_.probed(peer, *probed);
  } else if (const auto *carrying = std::get_if<Carrying>(&message)) {
    finder_.carrying(peer, *carrying);
  } else if (const auto *find = std::get_if<Find>(&message)) {
    if (!node) return;
    Find asked = *find;
    // A child speaks for itself only, and begins at home.
    if (!peer.supernode) {
      asked.stage = Stage::home;
      asked.request.destination = peer.uuid;
      asked.request.asker = {.uuid = peer.uuid, .via = desk_.self(), .at = desk_.place().at};
    }
    finder_.find(std::move(asked));
  } else if (const auto *advert = std::get_if<Advert>(&message)) {
    if (peer.supernode) finder_.advert(*advert, peer.id);
  } else if (const auto *here = std::get_if<Here>(&message)) {
    if (peer.supernode) finder_.here(*here);
  } else if (const auto *request = std::get_if<Request>(&message);
             request != nullptr && !request->search.empty()) {
    if (peer.id == desk_.primary || peer.supernode) provider_.serve(*request);
  } else if (const auto *streams = std::get_if<Streams>(&message)) {
    if (node) membership_.streams(peer, streams->streams);
  } else if (const auto *gone = std::get_if<Gone>(&message)) {
    if (node) membership_.gone(peer, *gone);
  } else if (std::holds_alternative<Goodbye>(message)) {
    membership_.goodbye(peer);
  } else if (const auto *publish = std::get_if<Publish>(&message)) {
    publishing_.publish(peer, *publish);
  } else if (const auto *media = std::get_if<Media>(&message)) {
    publishing_.media(peer, *media);
  } else if (const auto *ended = std::get_if<Ended>(&message)) {
    publishing_.ended(peer, *ended);
  } else {
    said(peer, message);
  }
}

// Of tickets: from any node, with a socket or without.
void Node::said(Peer &peer, const Message &message) {
  if (const auto *request = std::get_if<Request>(&message)) {
    if (request->search.empty()) provider_.request(peer, *request);
  } else if (const auto *offer = std::get_if<Offer>(&message)) {
    consumer_.offer(peer, *offer);
  } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
    consumer_.refusal(peer, *refusal);
  } else if (const auto *hold = std::get_if<Hold>(&message)) {
    provider_.hold(peer, *hold);
  } else if (const auto *confirm = std::get_if<Confirm>(&message)) {
    provider_.confirm(peer, *confirm);
  } else if (const auto *more = std::get_if<Candidates>(&message)) {
    candidates(peer, *more);
  } else if (const auto *end = std::get_if<Cancel>(&message)) {
    cancel(peer, *end);
  } else if (const auto *path = std::get_if<Path>(&message)) {
    consumer_.path(peer, *path);
  } else if (const auto *climb = std::get_if<Climb>(&message)) {
    provider_.climb(peer, *climb);
  } else if (const auto *climbed = std::get_if<Climbed>(&message)) {
    provider_.climbed(*climbed);
  } else if (const auto *leaving = std::get_if<Leaving>(&message)) {
    consumer_.leaving(peer, *leaving);
  } else if (const auto *streams = std::get_if<Streams>(&message)) {
    if (peer.routed) membership_.streams(peer, streams->streams);
  } else if (const auto *gone = std::get_if<Gone>(&message)) {
    if (peer.routed) membership_.gone(peer, *gone);
  } else if (const auto *asked = std::get_if<Seed>(&message)) {
    seed(peer, *asked);
  } else if (const auto *done = std::get_if<Seeded>(&message)) {
    seeded(peer, *done);
  } else if (const auto *beat = std::get_if<Heartbeat>(&message)) {
    heartbeat(peer, *beat);
  }
}

void Node::heartbeat(Peer &peer, const Heartbeat &heartbeat) {
  membership_.heartbeat(peer, heartbeat);
  if (peer.kind == PeerKind::element) {
    for (const TicketId &id : desk_.tickets.of_peer(peer.id)) desk_.tickets.find(id)->refreshed = desk_.now;
    return;
  }
  const auto named = [&](const TicketId &id) {
    Ticket *ticket = desk_.tickets.find(id);
    if (ticket != nullptr && desk_.with(*ticket, peer))
      ticket->refreshed = desk_.now;
    else
      desk_.cancel_unknown(peer.id, id);
  };
  for (const TicketId &id : heartbeat.tickets) named(id);
  for (const TicketId &id : heartbeat.standby) {
    named(id);
    if (desk_.tickets.find(id) != nullptr) provider_.hold(peer, {.ticket = id});
  }
}

void Node::cancel(const Peer &peer, const Cancel &cancel) {
  const Ticket *ticket = desk_.tickets.find(cancel.ticket);
  if (ticket == nullptr || !desk_.with(*ticket, peer)) return;
  if (ticket->side == Side::given)
    provider_.cancelled(*ticket);
  else
    consumer_.cancelled(*ticket, cancel.code);
}

void Node::candidates(const Peer &peer, const Candidates &candidates) {
  const Ticket *ticket = desk_.tickets.find(candidates.ticket);
  if (ticket == nullptr || !desk_.with(*ticket, peer) || ticket->state < TicketState::offered) return;
  if (ticket->side == Side::given)
    desk_.emit(TellRelay{.slug = ticket->slug, .message = candidates});
  else
    desk_.emit(TellSource{.slug = ticket->slug, .ticket = ticket->id, .message = candidates});
}

// The children first: while they look for other parents they are still fed.
void Node::on(const Shutdown &) {
  if (std::exchange(desk_.leaving, true)) return;
  standing_.leave();
  publishing_.fail_pending({Code::refused, "this node is shutting down"});
  for (const auto &[slug, stream] : desk_.carried) desk_.notice(CarryChanged{.slug = slug});
  provider_.leave();
  desk_.agenda.set({.due = Due::leave}, desk_.now + desk_.settings.timeouts.leave);
}

void Node::stop() {
  const Error error{Code::refused, "this node is shutting down"};
  publishing_.leave();
  for (const auto &[slug, stream] : desk_.carried)
    if (stream.own) membership_.own_changed({.slug = slug, .registered = false});
  hand_on_all();
  std::vector<Slug> slugs;
  for (const auto &[slug, stream] : desk_.carried) slugs.push_back(slug);
  for (const Slug &slug : slugs) {
    provider_.revoke_all(slug, "goodbye", "the node is shutting down");
    consumer_.drop(slug, error, "goodbye");
  }
  hand_on_all();
  membership_.leave();
  desk_.notices.clear();
  while (const std::optional<Agenda::Key> key = desk_.agenda.take(never))
    if (key->due == Due::seed) desk_.answer(key->number, fail(Code::refused, error.detail));
  desk_.primary = 0;
  desk_.emit(Quit{});
  stopped_ = true;
}

}  // namespace astral::core
