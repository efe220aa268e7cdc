// SPDX-License-Identifier: BSD-3-Clause
// What the parts of a node share: its books, the present moment, the effects of this step. Parts do not call
// each other: they leave a InternalEvent, and Node hands it to whom it concerns, after the part has returned.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/directory.hpp"
#include "core/effect.hpp"
#include "core/overlay.hpp"
#include "core/peers.hpp"
#include "core/rng.hpp"
#include "core/settings.hpp"
#include "core/streams/roles.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

struct PeerReady {
  PeerId peer = 0;
  Uuid meant = {};  // we connected to reach this one, and another is there
};
struct PeerGone {  // it is no longer in Peers, its tickets still are in Tickets
  PeerId peer = 0;
  Uuid uuid;
  bool routed = false;
  bool ready = false;  // it had come so far
};
struct StreamGone {  // somebody else's, by the news
  Slug slug;
  std::uint64_t updated = 0;
  PeerId from = 0;
};
struct MediaOpened {
  Slug slug;
};
struct NotFound {  // a search ended without a parent
  Slug slug;
  RefusalCode code = RefusalCode::no_stream;
};
struct Moved {  // our parent, so what we told our children of the path
  Slug slug;
};
struct NeedChanged {  // somebody wants the stream now, or no longer
  Slug slug;
};
struct OwnChanged {  // what the others should know of a stream of ours
  Slug slug;
  bool registered = false;  // the origin knows it
};
struct OriginHeard {};
struct CarryChanged {  // what we could forward of a stream
  Slug slug;
};
struct Closed {  // it is not carried any more
  Slug slug;
};
struct Settled {};  // we have another primary, or are a supernode now
struct ToForward {  // for a node without a session
  Routed routed;
};
struct ToFind {  // for the supernode that we are
  Find find;
};
struct ToServe {  // a request that a supernode found us fit for
  Request request;
};
struct OwnAnswer {  // to a call that we made ourselves, for another node
  CallId call = 0;
  bool done = false;
  std::string message;
};
struct StreamNews {  // of another node's stream, whoever told it
  StreamInfo stream;
  PeerId from = 0;
};

using InternalEvent = std::variant<PeerReady, PeerGone, StreamGone, MediaOpened, NotFound, Moved, NeedChanged,
                                   OwnChanged, OriginHeard, CarryChanged, Closed, Settled, ToForward, ToFind,
                                   ToServe, OwnAnswer, StreamNews>;

struct NodeContext {
  explicit NodeContext(Settings given)
      : settings(std::move(given)),
        rng(settings.seed),
        overlay(settings.self.uuid),
        budget(settings.upstream_bps, settings.max_children) {}

  Settings settings;
  Time now = {};
  Effects *out = nullptr;  // of the step that runs
  std::deque<InternalEvent> events;
  TimerQueue timers;
  Rng rng;
  Directory directory;
  Overlay overlay;  // of a supernode: the others
  Peers peers;
  Tickets tickets;
  UpstreamBudget budget;
  std::map<Slug, StreamState> carried;
  std::uint64_t next_id = first_own_id;
  PeerId primary = 0;    // the session with our supernode; 0: none, or we are one
  bool leaving = false;  // only our children's farewell is waited for

  const Uuid &self() const { return settings.self.uuid; }
  std::int64_t unix_ms(Time time) const { return settings.unix_ms_at_zero + time / 1ms; }
  std::int64_t unix_ms() const { return unix_ms(now); }
  // Of what we say ourselves, after `version`: every change has a higher one, also after a restart. Far from
  // now is a version of a clock that has been set since: nobody with a good one believed it.
  std::uint64_t next_version(std::uint64_t version) const {
    const auto present = static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms()));
    const auto far = static_cast<std::uint64_t>(2 * max_ahead / 1ms);
    return version > present && version - present > far ? present : std::max(version + 1, present);
  }

  bool supernode() const { return settings.self.supernode; }
  bool settled() const { return supernode() || primary != 0; }
  // Where messages for us go. Without a supernode nowhere: `via` is empty.
  Place place() const {
    if (supernode())
      return {.uuid = self(), .via = self(), .at = {settings.self.ip_address, settings.self.port}};
    const Peer *super = peers.find(primary);
    if (super == nullptr) return {.uuid = self(), .via = {}, .at = {}};
    const NodeInfo *node = directory.node(super->uuid);
    return {.uuid = self(),
            .via = super->uuid,
            .at = node == nullptr ? Address{} : Address{node->ip_address, node->port}};
  }
  // The session with a node, with a socket where there is one. Null: there are too many.
  Peer *session(const Place &place) {
    Peer *peer = peers.with(place.uuid, PeerState::ready);
    if (peer == nullptr)
      peer = peers.add({.id = next_id++,
                        .state = PeerState::ready,
                        .outbound = true,
                        .uuid = place.uuid,
                        .routed = true,
                        .place = place,
                        .heard = now,
                        .since = now,
                        .used = now});
    if (peer == nullptr) return nullptr;
    if (peer->routed && !place.via.empty()) peer->place = place;
    return peer;
  }

  void emit(Effect effect) { out->push_back(std::move(effect)); }
  void send(PeerId peer, Message message) {
    Peer *to = peers.find(peer);
    if (to == nullptr) return;  // gone in this very step
    to->used = now;
    if (!to->routed) return emit(Send{.peer = peer, .message = std::move(message)});
    post(ToForward{{.to = to->place,
                    .from = place(),
                    .what = std::make_shared<const Enclosed>(Enclosed{std::move(message)})}});
  }
  void tell(const Place &place, Message message) {
    if (const Peer *to = session(place)) send(to->id, std::move(message));
  }
  void drop(PeerId id, const std::string &reason) {
    const Peer *peer = peers.find(id);
    if (!peer->routed) emit(Disconnect{.peer = id, .reason = reason});
    remove(id);
  }
  void remove(PeerId id) {
    const Peer &peer = *peers.find(id);
    post(PeerGone{
        .peer = id, .uuid = peer.uuid, .routed = peer.routed, .ready = peer.state == PeerState::ready});
    overlay.unlink(id);
    peers.remove(id);
  }
  void post(InternalEvent event) { events.push_back(std::move(event)); }
  void announce(Change what, const std::string &key) { emit(Announce{.what = what, .key = key}); }
  void answer(CallId call, Expected<Answered> result) {
    if (call >= first_own_id)
      return post(OwnAnswer{
          .call = call, .done = result.has_value(), .message = result ? "" : result.error().detail});
    emit(Answer{.call = call, .result = std::move(result)});
  }
  void cancel(PeerId peer, const TicketId &ticket, std::string code, std::string message) {
    send(peer, Cancel{.ticket = ticket, .code = std::move(code), .message = std::move(message)});
  }
  void cancel_unknown(PeerId peer, const TicketId &ticket) {
    cancel(peer, ticket, "unknown", "no such ticket, or it has lapsed");
  }

  StreamState *carries(const Slug &slug) {
    const auto found = carried.find(slug);
    return found == carried.end() ? nullptr : &found->second;
  }

  StreamState &carry(const Slug &slug) {
    const StreamInfo *info = directory.stream(slug);
    if (info != nullptr) budget.told(*info);
    return carried.try_emplace(slug, StreamState{.slug = slug}).first->second;
  }

  bool open_to_children(const StreamState &stream) const {
    return !leaving && core::open_to_children(stream);
  }
  // Who feeds us. Only of a stream that is open to children, or that has any.
  PeerId parent_peer(const StreamState &stream) const { return tickets.find(roles(stream).parent->id)->peer; }

  // The other end of the ticket, in whichever session.
  bool with(const Ticket &ticket, const Peer &peer) const {
    if (ticket.peer == peer.id) return true;
    const Peer *other = peers.find(ticket.peer);
    return other != nullptr && other->kind == PeerKind::node && peer.kind == PeerKind::node &&
           other->uuid == peer.uuid;
  }
  Time silence_of(const Ticket &ticket) const {
    const Peer *peer = peers.find(ticket.peer);
    const bool routed = peer != nullptr && peer->routed;
    return routed ? settings.timeouts.routed_silence : settings.timeouts.silence;
  }

  // Others choose the ids of their tickets, and whoever has seen ours can tell which come next.
  TicketId new_ticket_id() {
    TicketId id = rng.hex(32);
    while (tickets.find(id) != nullptr) id = rng.hex(32);
    return id;
  }

  // The only ways of a ticket.
  Ticket &add(Ticket ticket) {
    ticket.created = ticket.refreshed = now;
    Ticket &added = tickets.add(std::move(ticket));
    announce(Change::ticket, added.slug + "/" + added.id);
    return added;
  }
  void enter(Ticket &ticket, TicketState state) {
    tickets.enter(ticket, state);
    ticket.refreshed = now;
    announce(Change::ticket, ticket.slug + "/" + ticket.id);
  }
  void end(const Ticket &ticket) {
    announce(Change::ticket, ticket.slug + "/" + ticket.id);
    tickets.remove(TicketId{ticket.id});
  }
};

}  // namespace astral::core
