// SPDX-License-Identifier: BSD-3-Clause
// Dispatches inputs, messages, timers and internal events to the parts; and the shutdown.
#include "core/node.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {

Node::Node(Settings settings)
    : context_(std::move(settings)),
      line_(context_.node, context_.outbox, context_.sessions, context_.tickets, context_.budget,
            context_.directory),
      role_(context_.node, context_.outbox, context_.sessions, context_.tickets, context_.timers,
            context_.directory, context_.standing, context_.rng, records_),
      membership_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
                  context_.budget, context_.timers, context_.directory, context_.rng, role_),
      routes_(context_.node, context_.sessions, records_),
      finder_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
              context_.budget, context_.timers, context_.directory, records_, routes_, context_.rng),
      relaying_(context_.node, context_.outbox, context_.directory, context_.streams),
      child_tickets_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
                     context_.ticket_changes, context_.budget, context_.timers, context_.directory),
      provider_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
                context_.ticket_changes, context_.budget, context_.directory, child_tickets_, context_.rng),
      loop_checks_(context_.node, context_.sessions, context_.directory, context_.streams, context_.tickets),
      consumer_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
                context_.ticket_changes, context_.budget, context_.timers, context_.directory,
                context_.failed_paths, context_.standing, context_.forgers, context_.rng),
      witnesses_(context_.node, context_.outbox, context_.sessions, context_.directory, context_.standing,
                 context_.rng),
      publishing_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets,
                  context_.budget, context_.timers, context_.directory, consumer_),
      audience_(context_.node, context_.outbox, context_.sessions, context_.streams, context_.tickets) {
  assert(is_uuid(context_.node.self()));  // the settings have been checked
  NodeInfo &self = context_.node.settings.self;
  if (self.updated == 0)
    self.updated = static_cast<std::uint64_t>(std::max<std::int64_t>(0, context_.node.unix_ms()));
  if (!self.upstream_kbps && context_.node.settings.upstream_bps)
    self.upstream_kbps = *context_.node.settings.upstream_bps / 1000;
  context_.timers.set({.kind = TimerKind::start}, Time{});
}

void Node::handle(const Input &input, Time now, Effects &out) {
  context_.node.now = std::max(now, context_.node.now);
  context_.directory.set_clock(context_.node.unix_ms());
  context_.outbox.effects = &out;
  if (stopped_) {
    refuse(input);
  } else {
    std::visit([this](const auto &what) { on(what); }, input);
    dispatch_events();
    if (context_.node.leaving && !stopped_ && context_.budget.children() == 0) stop();
  }
  context_.outbox.effects = nullptr;
}

void Node::dispatch_events() {
  while (!context_.outbox.events.empty()) {
    const InternalEvent event = std::move(context_.outbox.events.front());
    context_.outbox.events.pop_front();
    dispatch(event);
  }
}

// Every call gets an answer, also after the end.
void Node::refuse(const Input &input) {
  std::visit(
      [this](const auto &what) {
        if constexpr (requires { what.call; } &&
                      !std::is_same_v<std::decay_t<decltype(what)>, OriginAnswered>)
          context_.outbox.answer(what.call, fail(Code::refused, "this node is shutting down"));
      },
      input);
}

void Node::on(const ClockSet &input) {
  // Bounded to ten thousand years around 1970, so that sums with it do not overflow.
  constexpr std::int64_t most = 10'000LL * 366 * 24 * 3600 * 1000;
  context_.node.settings.unix_ms_at_zero = std::clamp(input.unix_ms_at_zero, -most, most);
  context_.directory.set_clock(context_.node.unix_ms());
  if (NodeInfo &self = context_.node.settings.self; !context_.directory.timely(self.updated))
    self.updated = context_.node.next_version(self.updated);
}

void Node::on(const Tick &) {
  while (const std::optional<TimerId> key = context_.timers.take(context_.node.now)) {
    fall_due(*key);
    dispatch_events();
    if (stopped_) return;
  }
}

void Node::fall_due(const TimerId &key) {
  switch (key.kind) {
    case TimerKind::start:
      membership_.start();
      return role_.start();
    case TimerKind::seek:
      return role_.seek();
    case TimerKind::choose:
      return role_.choose();
    case TimerKind::promote:
      return role_.promote();
    case TimerKind::advert:
      return finder_.advert_due(key.name);
    case TimerKind::loop_check:
      return child_tickets_.loop_check_due(key.name);
    case TimerKind::overcommitted:
      return child_tickets_.overcommit_due(key.name);
    case TimerKind::slow:
      return child_tickets_.slow_due(key.name);
    case TimerKind::leave:
      return stop();
    case TimerKind::seed:
      return context_.outbox.answer(key.number, fail(Code::timeout, "that node does not answer"));
    case TimerKind::beat:
      forgive_silence();
      membership_.beat();
      role_.beat();
      line_.beat();
      child_tickets_.lapse();
      consumer_.lapse();
      relaying_.lapse();
      finder_.beat();
      return publishing_.beat();
    case TimerKind::unconfirmed:
      return child_tickets_.unconfirmed(key.name);
    case TimerKind::stream:
      return consumer_.look_again(key.name);
    case TimerKind::publisher:
      return publishing_.publisher_due(key.name);
    case TimerKind::registration:
      return publishing_.registration_due(key.number);
  }
}

// Nobody could have brought us the heartbeats of nodes without a socket, so their silence says nothing. If
// such a node is gone, its links end.
void Node::forgive_silence() {
  if (!context_.sessions.cut_off()) return;
  for (const PeerId id : context_.sessions.peers.all()) {
    Peer &peer = *context_.sessions.peers.find(id);
    if (!peer.routed) continue;
    peer.heard = context_.node.now;
    for (const TicketId &ticket : context_.tickets.of_peer(id))
      context_.tickets.find(ticket)->refreshed = context_.node.now;
  }
}

void Node::dispatch(const InternalEvent &event) {
  const auto on = [this](const auto &what) {
    using T = std::decay_t<decltype(what)>;
    if constexpr (std::is_same_v<T, PeerReady>) {
      role_.peer_ready(what.peer);
      routes_.peer_ready(what.peer);
      const Peer *ready = context_.sessions.peers.find(what.peer);
      if (ready != nullptr && witnesses_.ready(*ready)) witness_ready(what.peer);
      if (!what.meant.empty()) send_elsewhere(what.meant);
    } else if constexpr (std::is_same_v<T, PeerGone>) {
      witnesses_.gone(what.peer);
      publishing_.peer_gone(what.peer);
      child_tickets_.peer_gone(what.peer);
      consumer_.peer_gone(what.peer);
      role_.peer_gone(what);
      finder_.peer_gone(what);
      send_elsewhere(what.uuid);
    } else if constexpr (std::is_same_v<T, StreamGone>) {
      if (!is_rival(what.name)) finder_.stream_gone(what.gone, what.from);
      child_tickets_.revoke_all(what.name, "ended", "the stream has ended");
      consumer_.drop(what.name, {Code::not_found, "the stream has ended"}, "ended");
    } else if constexpr (std::is_same_v<T, MediaOpened>) {
      child_tickets_.media_opened(what.slug);
    } else if constexpr (std::is_same_v<T, NotFound>) {
      child_tickets_.not_found(what.slug, what.code, what.why);
    } else if constexpr (std::is_same_v<T, Moved>) {
      child_tickets_.moved(what.slug);
    } else if constexpr (std::is_same_v<T, NeedChanged>) {
      consumer_.need_changed(what.slug);
    } else if constexpr (std::is_same_v<T, OwnChanged>) {
      membership_.own_changed(what);
    } else if constexpr (std::is_same_v<T, OriginHeard>) {
      role_.origin_heard();
      witnesses_.origin_heard();
    } else if constexpr (std::is_same_v<T, ChildLeft>) {
      finder_.child_left(what.uuid);
    } else if constexpr (std::is_same_v<T, Doubted>) {
      witnesses_.more();
    } else if constexpr (std::is_same_v<T, WitnessReady>) {
      witness_ready(what.peer);
    } else if constexpr (std::is_same_v<T, OnAir>) {
      witnesses_.keep_some();
    } else if constexpr (std::is_same_v<T, Outdone>) {
      outdone(what.by);
    } else if constexpr (std::is_same_v<T, CarryChanged>) {
      finder_.carry_changed(what.slug);
      relaying_.carry_changed(what.slug);
    } else if constexpr (std::is_same_v<T, Closed>) {
      child_tickets_.revoke_all(what.slug, "closed", "the stream is not carried any more");
    } else if constexpr (std::is_same_v<T, Settled>) {
      line_.settled();
      membership_.settled();
      finder_.settled();
      consumer_.settled();
    } else if constexpr (std::is_same_v<T, ToForward>) {
      routed(routes_.forward(what.routed));
    } else if constexpr (std::is_same_v<T, ToFind>) {
      finder_.find(what.find);
    } else if constexpr (std::is_same_v<T, ToServe>) {
      provider_.serve(what.request);
    } else if constexpr (std::is_same_v<T, ToRelay>) {
      relaying_.recruited(what.request);
    } else if constexpr (std::is_same_v<T, Trouble>) {
      child_tickets_.tell_trouble(what.slug);
    } else if constexpr (std::is_same_v<T, OwnAnswer>) {
      const auto seed = seeds_.find(what.call);
      if (seed == seeds_.end()) return;
      context_.sessions.send(seed->second.asker,
                             Seeded{.call = seed->second.call, .done = what.done, .message = what.message});
      seeds_.erase(seed);
    } else if constexpr (std::is_same_v<T, StreamNews>) {
      finder_.stream_news(what.stream, what.from);
      membership_.spread(what.stream, what.from);
      consumer_.news(context_.directory.name_for(what.stream));
    }
  };
  std::visit(on, event);
}

void Node::on(const PeerSaid &input) {
  Peer *peer = context_.sessions.peers.find(input.peer);
  if (peer == nullptr || peer->routed || peer->state == PeerState::connecting)
    return;  // a message that was under way when we dropped the session
  hear(*peer);
  const bool counts = peer->kind == PeerKind::node && peer->state == PeerState::ready;
  if (counts && !(peer->supernode ? peer->carried : peer->messages).take(context_.node.now))
    return context_.sessions.drop(peer->id, slow_down);
  if (const auto *hello = std::get_if<Hello>(&input.message)) return membership_.hello(*peer, *hello);
  if (const auto *welcome = std::get_if<Welcome>(&input.message)) return membership_.welcome(*peer, *welcome);
  if (peer->state != PeerState::ready)
    return context_.sessions.drop(peer->id, peer->outbound ? "expected welcome" : "expected hello");
  if (const auto *message = std::get_if<Routed>(&input.message)) {
    if (peer->kind == PeerKind::node) routed(routes_.arrived(*peer, *message), peer->id);
    return;
  }
  from_neighbour(*peer, input.message);
}

// A node that has two sessions with us counts as heard in both.
void Node::hear(Peer &peer) {
  peer.heard = context_.node.now;
  if (peer.kind == PeerKind::node && peer.state == PeerState::ready)
    context_.sessions.peers.heard(peer.uuid, context_.node.now);
}

// The supernode could not be reached: sends the messages that waited for it by another way.
void Node::send_elsewhere(const Uuid &supernode) {
  for (Routed &message : routes_.not_there(supernode)) routed(routes_.forward(std::move(message)));
}

// Handles a message for us from a node without a socket to us, as if it had one.
void Node::routed(std::optional<Routed> routed, PeerId by) {
  if (!routed || !routed->what || routed->from.uuid == context_.node.self()) return;
  Peer *peer = context_.sessions.open(routed->from);
  if (peer == nullptr || peer->kind != PeerKind::node) return;
  if (peer->routed) peer->through = by;
  hear(*peer);
  if (const auto *request = std::get_if<Request>(&routed->what->message);
      request != nullptr && !request->search.empty())
    answer_through(by, *request);
  said(*peer, routed->what->message);
}

// The answer goes through whoever brought the search: our own supernode may swallow it.
void Node::answer_through(PeerId by, const Request &request) {
  if (!context_.sessions.is_beside(by)) return;
  if (Peer *asker = context_.sessions.open(request.asker); asker != nullptr && asker->routed)
    asker->through = by;
}

void Node::witness_ready(PeerId witness) {
  consumer_.ask_at(witness);
  finder_.announce(witness);
}

// Our supernode is left for one that found more, and is not asked for a while. That one may have no place.
void Node::outdone(PeerId by) {
  const Peer *primary = context_.sessions.peers.find(context_.sessions.primary);
  if (primary == nullptr || by == primary->id) return;
  context_.standing.brought_nothing(primary->uuid, context_.node.now);
  context_.sessions.detour = by;
  role_.move_to(by);
}

// Messages that only a peer with a socket to us may send.
void Node::from_neighbour(Peer &peer, const Message &message) {
  const bool node = peer.kind == PeerKind::node;
  if (std::holds_alternative<Register>(message)) {
    role_.registration(peer);
    if (!peer.child) return;
    finder_.child_came(peer);
    membership_.child_came(peer.id);
  } else if (const auto *registered = std::get_if<Registered>(&message)) {
    role_.registered(peer, *registered);
  } else if (const auto *full = std::get_if<Full>(&message)) {
    role_.full(peer, *full);
  } else if (std::holds_alternative<Unregister>(message)) {
    role_.unregistered(peer);
    finder_.child_left(peer.uuid);
  } else if (std::holds_alternative<Summon>(message)) {
    role_.summoned(peer);
  } else if (std::holds_alternative<Probe>(message)) {
    role_.probe(peer);
  } else if (const auto *probed = std::get_if<Probed>(&message)) {
    role_.probed(peer, *probed);
  } else if (const auto *carrying = std::get_if<Carrying>(&message)) {
    finder_.carrying(peer, *carrying);
  } else if (const auto *find = std::get_if<Find>(&message)) {
    if (node) take_find(peer, *find);
  } else if (const auto *advert = std::get_if<Advert>(&message)) {
    if (peer.supernode) finder_.advert(*advert, peer.id);
  } else if (const auto *here = std::get_if<Here>(&message)) {
    if (peer.supernode) finder_.here(*here);
  } else if (const auto *request = std::get_if<Request>(&message);
             request != nullptr && !request->search.empty()) {
    take_request(peer, *request);
  } else if (const auto *streams = std::get_if<Streams>(&message)) {
    if (node) membership_.streams(peer, streams->streams);
  } else if (const auto *gone = std::get_if<Gone>(&message)) {
    if (node) membership_.gone(peer, *gone);
  } else if (std::holds_alternative<Goodbye>(message)) {
    if (!node) publishing_.goodbye(peer);
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

// A child may search for itself only, and its search begins here.
void Node::take_find(Peer &peer, Find find) {
  if (!(peer.supernode ? peer.carried_finds : peer.finds).take(context_.node.now))
    return context_.sessions.send(peer.id, Refusal{.search = find.request.search,
                                                   .slug = find.request.slug,
                                                   .code = RefusalCode::no_room,
                                                   .message = slow_down});
  if (!peer.supernode) {
    find.stage = Stage::home;
    find.request.destination = peer.uuid;
    find.request.asker = {.uuid = peer.uuid, .via = context_.node.self(), .at = context_.sessions.place().at};
    find.request.address = peer.address;
    find.request.relay = false;
  }
  finder_.complained(peer.uuid, find.request.unreachable);
  finder_.find(std::move(find));
}

// A search that a supernode has handed on.
void Node::take_request(const Peer &peer, const Request &request) {
  if (peer.id != context_.sessions.primary && !peer.supernode) return provider_.handed_down(peer, request);
  if (request.relay) return relaying_.recruited(request);
  answer_through(peer.id, request);
  provider_.serve(request);
}

// Messages about tickets, from any node, with a socket or without.
void Node::said(Peer &peer, const Message &message) {
  if (const auto *request = std::get_if<Request>(&message)) {
    if (request->search.empty())
      provider_.request(peer, *request);
    else
      provider_.handed_down(peer, *request);
  } else if (const auto *offer = std::get_if<Offer>(&message)) {
    consumer_.offer(peer, *offer);
  } else if (const auto *refusal = std::get_if<Refusal>(&message)) {
    consumer_.refusal(peer, *refusal);
  } else if (const auto *hold = std::get_if<Hold>(&message)) {
    child_tickets_.hold(peer, *hold);
  } else if (const auto *confirm = std::get_if<Confirm>(&message)) {
    child_tickets_.confirm(peer, *confirm);
  } else if (const auto *more = std::get_if<Candidates>(&message)) {
    candidates(peer, *more);
  } else if (const auto *end = std::get_if<Cancel>(&message)) {
    cancel(peer, *end);
  } else if (const auto *path = std::get_if<Path>(&message)) {
    consumer_.path(peer, *path);
  } else if (const auto *check = std::get_if<LoopCheck>(&message)) {
    loop_checks_.heard(peer, *check);
  } else if (const auto *checked = std::get_if<LoopChecked>(&message)) {
    child_tickets_.loop_checked(*checked);
  } else if (const auto *leaving = std::get_if<Leaving>(&message)) {
    consumer_.leaving(peer, *leaving);
  } else if (const auto *viewers = std::get_if<Viewers>(&message)) {
    audience_.heard(peer, *viewers);
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
    for (const TicketId &id : context_.tickets.of_peer(peer.id))
      context_.tickets.find(id)->refreshed = context_.node.now;
    return;
  }
  const auto named = [&](const TicketId &id) {
    Ticket *ticket = context_.tickets.find(id);
    if (ticket != nullptr && context_.sessions.with(*ticket, peer))
      ticket->refreshed = context_.node.now;
    else
      context_.sessions.cancel_unknown(peer.id, id);
  };
  for (const TicketId &id : heartbeat.tickets) named(id);
  for (const TicketId &id : heartbeat.standby) {
    named(id);
    if (context_.tickets.find(id) != nullptr) child_tickets_.hold(peer, {.ticket = id});
  }
}

void Node::cancel(const Peer &peer, const Cancel &cancel) {
  const Ticket *ticket = context_.tickets.find(cancel.ticket);
  if (ticket == nullptr || !context_.sessions.with(*ticket, peer)) return;
  if (ticket->side == Side::given)
    child_tickets_.cancelled(*ticket);
  else
    consumer_.cancelled(*ticket, cancel);
}

void Node::candidates(const Peer &peer, const Candidates &candidates) {
  const Ticket *ticket = context_.tickets.find(candidates.ticket);
  if (ticket == nullptr || !context_.sessions.with(*ticket, peer) || ticket->state < TicketState::offered)
    return;
  if (ticket->side == Side::given)
    context_.outbox.emit(TellRelay{.slug = ticket->slug, .message = candidates});
  else
    consumer_.candidates(*ticket, candidates);
}

// The children are told first: they are still fed while they look for other parents.
void Node::on(const Shutdown &) {
  if (std::exchange(context_.node.leaving, true)) return;
  role_.leave();
  publishing_.fail_pending({Code::refused, "this node is shutting down"});
  for (const auto &[slug, stream] : context_.streams.all) context_.outbox.post(CarryChanged{.slug = slug});
  child_tickets_.leave();
  context_.timers.set({.kind = TimerKind::leave}, context_.node.now + context_.node.settings.timeouts.leave);
}

void Node::stop() {
  const Error error{Code::refused, "this node is shutting down"};
  publishing_.leave();
  for (const auto &[slug, stream] : context_.streams.all)
    if (stream.own) membership_.own_changed({.slug = slug, .registered = false});
  dispatch_events();
  std::vector<Slug> slugs;
  for (const auto &[slug, stream] : context_.streams.all) slugs.push_back(slug);
  for (const Slug &slug : slugs) {
    child_tickets_.revoke_all(slug, "goodbye", "the node is shutting down");
    consumer_.drop(slug, error, "goodbye");
  }
  dispatch_events();
  membership_.leave();
  context_.outbox.events.clear();
  while (const std::optional<TimerId> key = context_.timers.take(never))
    if (key->kind == TimerKind::seed) context_.outbox.answer(key->number, fail(Code::refused, error.detail));
  context_.sessions.primary = 0;
  context_.outbox.emit(Quit{});
  stopped_ = true;
}

}  // namespace astral::core
