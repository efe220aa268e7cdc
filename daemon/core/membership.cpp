// SPDX-License-Identifier: BSD-3-Clause
#include "core/membership.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

void Membership::start() {
  const auto interval = static_cast<std::uint64_t>(context_.settings.timeouts.heartbeat.count());
  const Time first{static_cast<Time::rep>(context_.rng.below(interval) + 1)};  // nodes do not beat in step
  context_.timers.set({.kind = TimerKind::beat}, context_.now + first);
}

void Membership::beat() {
  const Timeouts &timeouts = context_.settings.timeouts;
  context_.timers.set({.kind = TimerKind::beat}, context_.now + timeouts.heartbeat);
  for (const PeerId id : context_.peers.all()) {
    Peer &peer = *context_.peers.find(id);
    Time patience = peer.state == PeerState::ready ? timeouts.silence : timeouts.greeting;
    if (peer.routed) patience = timeouts.routed_silence;
    // An element may say nothing for hours; one that beats is held to it.
    const bool may_be_silent = peer.kind == PeerKind::element && !peer.beats;
    if (context_.now - peer.heard >= patience && !may_be_silent) {
      context_.drop(id, peer.state == PeerState::ready ? "silent" : "no hello");
      continue;
    }
    if (peer.state != PeerState::ready) continue;
    if (context_.tickets.count(id) > 0) {
      peer.used = context_.now;
    } else if (peer.routed) {
      continue;
    }
    if (!peer.routed || context_.now - peer.beaten >= timeouts.routed_heartbeat) beat_to(peer);
  }
  drop_idle();
}

void Membership::beat_to(Peer &peer, bool with_self) {
  Heartbeat heartbeat;
  if (with_self) heartbeat.nodes.push_back(context_.settings.self);
  for (const TicketId &ticket : context_.tickets.of_peer(peer.id)) {
    const auto &[side, state] =
        std::pair(context_.tickets.find(ticket)->side, context_.tickets.find(ticket)->state);
    if (state < TicketState::confirmed) continue;
    const bool standby = side == Side::held && state == TicketState::standing_by;
    (standby ? heartbeat.standby : heartbeat.tickets).push_back(ticket);
  }
  heartbeat.sent_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, context_.unix_ms()));
  heartbeat.echo_ms = peer.their_ms;
  heartbeat.held_ms = static_cast<std::uint64_t>((context_.now - peer.their_at) / 1ms);
  // Supernodes hear of each other by what rides on heartbeats; and children, of whom to turn to.
  if (context_.supernode() && peer.kind == PeerKind::node && !peer.routed && (peer.supernode || peer.child)) {
    std::set<Uuid> uuids;
    if (peer.supernode)
      for (const Uuid &uuid : context_.overlay.nearest(key_of(peer.uuid), 1)) uuids.insert(uuid);
    for (const Uuid &uuid : context_.overlay.spread(1, context_.rng.next())) uuids.insert(uuid);
    uuids.erase(peer.uuid);
    for (const Uuid &uuid : uuids)
      if (const NodeInfo *node = context_.directory.node(uuid)) heartbeat.nodes.push_back(*node);
  }
  const Time used = peer.used;
  peer.beaten = context_.now;
  context_.send(peer.id, std::move(heartbeat));
  peer.used = used;
}

void Membership::heartbeat(Peer &peer, const Heartbeat &heartbeat) {
  peer.beats = true;
  peer.their_ms = heartbeat.sent_ms;
  peer.their_at = context_.now;
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, context_.unix_ms()));
  const bool echoes = heartbeat.echo_ms > 0 && heartbeat.echo_ms <= now_ms;
  if (echoes && heartbeat.held_ms <= now_ms - heartbeat.echo_ms && !peer.routed) {
    // More is a clock that was set meanwhile, or a lie: ages of it have no Time.
    constexpr std::uint64_t most_ms = 10s / 1ms;
    const std::uint64_t rtt_ms = now_ms - heartbeat.echo_ms - heartbeat.held_ms;
    if (rtt_ms < most_ms) {
      const Time rtt = Time{1ms} * static_cast<Time::rep>(rtt_ms);
      peer.rtt = peer.rtt ? *peer.rtt - *peer.rtt / 8 + rtt / 8 : rtt;
    }
    if (peer.rtt) context_.directory.timed(peer.uuid, *peer.rtt);
  }
  for (const NodeInfo &node : heartbeat.nodes) {
    if (node.uuid == peer.uuid)
      changed(peer, node);
    else
      role_.supernode_heard(node);
  }
}

// It has become a supernode, or is none any more.
void Membership::changed(Peer &peer, NodeInfo node) {
  if (peer.routed || peer.kind != PeerKind::node) return;
  if (node.ip_address.empty()) node.ip_address = peer.address;
  if (context_.directory.learn(node, Heard::itself)) context_.announce(Change::node, node.uuid);
  if (peer.supernode == node.supernode) return;
  peer.supernode = node.supernode;
  if (node.supernode) return role_.peer_ready(peer.id);
  context_.overlay.forget(peer.uuid);
}

void Membership::drop_idle() {
  for (const PeerId id : context_.peers.all()) {
    const Peer &peer = *context_.peers.find(id);
    if (peer.kind != PeerKind::node || !peer.outbound || peer.state != PeerState::ready) continue;
    if (context_.tickets.count(id) > 0 || role_.kept(peer)) continue;
    if (context_.now - peer.used >= context_.settings.timeouts.idle) context_.drop(id, "idle");
  }
}

void Membership::connected(const PeerConnected &input) {
  if (input.outbound) {
    Peer *peer = context_.peers.find(input.peer);
    if (peer == nullptr || peer->state != PeerState::connecting) return;  // we gave it up meanwhile
    peer->address = input.address;
    context_.peers.enter(*peer, PeerState::greeting, peer->uuid, context_.now);
    peer->told_supernode = context_.supernode();
    context_.send(input.peer, Hello{.node = context_.settings.self, .kind = PeerKind::node});
    return;
  }
  assert(input.peer != 0);  // the driver counts from 1
  if (input.peer >= first_own_id || context_.peers.find(input.peer) != nullptr) return;
  if (context_.peers.add(
          {.id = input.peer, .address = input.address, .heard = context_.now, .since = context_.now}) ==
      nullptr)
    context_.emit(Disconnect{.peer = input.peer, .reason = "no room for a peer"});
}

void Membership::proved(const PeerProved &input) {
  Peer *peer = context_.peers.find(input.peer);
  if (peer != nullptr && peer->state == PeerState::greeting) peer->fingerprint = input.fingerprint;
}

// A uuid is whose session has it.
bool Membership::may_be(const Peer &peer, const Uuid &uuid) {
  const Peer *other = context_.peers.socket(uuid, PeerState::ready);
  return other == nullptr || other->fingerprint == peer.fingerprint;
}

void Membership::hello(Peer &peer, const Hello &hello) {
  if (peer.outbound || peer.state != PeerState::greeting) return context_.drop(peer.id, "hello out of turn");
  if (hello.node.uuid.empty()) return context_.drop(peer.id, "hello without uuid");
  if (hello.kind == PeerKind::node && hello.node.uuid == context_.self()) {
    context_.send(peer.id, Welcome{.node = context_.settings.self});  // our other end finds out, and hangs up
    return;
  }
  if (hello.kind == PeerKind::node) {
    if (peer.fingerprint.empty()) return context_.drop(peer.id, "expected a proof of its key");
    if (!may_be(peer, hello.node.uuid)) return context_.drop(peer.id, "another node has that uuid");
  }
  peer.kind = hello.kind;
  // The last places are for this machine's own players and publishers.
  if (peer.kind == PeerKind::node &&
      context_.peers.size() - context_.peers.routed() > max_peers - kept_for_elements)
    return context_.drop(peer.id, "no room for a peer");
  Welcome welcome{.node = context_.settings.self};
  if (hello.kind == PeerKind::node) welcome.nodes = role_.told_to(hello.node);
  context_.send(peer.id, std::move(welcome));
  ready(peer, hello.node);
}

void Membership::welcome(Peer &peer, const Welcome &welcome) {
  if (!peer.outbound || peer.routed || peer.state != PeerState::greeting)
    return context_.drop(peer.id, "welcome out of turn");
  if (welcome.node.uuid.empty()) return context_.drop(peer.id, "welcome without uuid");
  if (welcome.node.uuid == context_.self()) {
    context_.directory.forget(peer.uuid);
    role_.met_itself(peer.id);
    return context_.drop(peer.id, "self");
  }
  if (peer.fingerprint.empty()) return context_.drop(peer.id, "expected a proof of its key");
  if (!may_be(peer, welcome.node.uuid)) return context_.drop(peer.id, "another node has that uuid");
  if (!peer.uuid.empty() && peer.uuid != welcome.node.uuid) {  // another node lives at that address now
    context_.directory.forget(peer.uuid);
    context_.overlay.forget(peer.uuid);
    context_.announce(Change::node, peer.uuid);
  }
  peer.rtt = context_.now - peer.since;
  for (const NodeInfo &node : welcome.nodes) role_.supernode_heard(node);
  ready(peer, welcome.node);
  if (peer.told_supernode != context_.supernode()) beat_to(peer, true);  // it became one meanwhile
}

void Membership::ready(Peer &peer, NodeInfo node) {
  const Uuid meant = peer.uuid == node.uuid ? "" : peer.uuid;
  context_.peers.enter(peer, PeerState::ready, node.uuid, context_.now);
  peer.supernode = node.supernode;
  context_.post(PeerReady{.peer = peer.id, .meant = meant});
  if (peer.kind == PeerKind::element) return;
  if (node.ip_address.empty()) node.ip_address = peer.address;
  context_.directory.reached(node.uuid);
  if (context_.directory.learn(node, Heard::itself)) context_.announce(Change::node, node.uuid);
  if (peer.rtt) context_.directory.timed(node.uuid, *peer.rtt);
  if (!node.supernode) context_.overlay.forget(node.uuid);
}

void Membership::lost(const PeerLost &input) {
  const Peer *peer = context_.peers.find(input.peer);
  if (peer == nullptr) return;
  if (peer->probing && peer->state != PeerState::ready)
    context_.send(peer->for_whom, Probed{.reached = false});
  if (peer->outbound && peer->state != PeerState::ready && context_.directory.unreached(peer->uuid))
    context_.announce(Change::node, peer->uuid);
  context_.remove(input.peer);
}

void Membership::goodbye(Peer &peer) {
  const Uuid uuid = peer.uuid;
  const bool is_node = peer.kind == PeerKind::node;
  context_.drop(peer.id, "goodbye");
  if (!is_node) return;
  context_.overlay.forget(uuid);
  if (context_.directory.forget(uuid)) context_.announce(Change::node, uuid);
}

// Whom news of a stream concern: our children, whom we feed with it, and, if it is ours, our supernode.
std::vector<PeerId> Membership::audience(const Slug &slug, PeerId but) const {
  std::set<PeerId> peers;
  if (context_.supernode())
    for (const PeerId id : context_.peers.children()) peers.insert(id);
  for (const TicketId &id : context_.tickets.given(slug)) {
    const Ticket &ticket = *context_.tickets.find(id);
    if (ticket.kind == PeerKind::node) peers.insert(ticket.peer);
  }
  if (context_.directory.is_own(slug) && context_.primary != 0) peers.insert(context_.primary);
  peers.erase(but);
  return {peers.begin(), peers.end()};
}

void Membership::spread(const StreamInfo &stream, PeerId but) {
  for (const PeerId id : audience(stream.slug, but)) context_.send(id, Streams{.streams = {stream}});
}

void Membership::tell_gone(const Slug &slug, std::uint64_t updated, PeerId but) {
  for (const PeerId id : audience(slug, but)) context_.send(id, Gone{.slug = slug, .updated = updated});
  context_.announce(Change::stream, slug);
}

// It is that stream's source. Over supernodes nobody proves anything: there the uuid has to do.
bool Membership::owns(const Peer &peer, const StreamInfo &stream) {
  return stream.source == peer.uuid &&
         (peer.routed || stream.fingerprint.empty() || stream.fingerprint == peer.fingerprint);
}

void Membership::streams(const Peer &peer, const std::vector<StreamInfo> &streams) {
  for (const StreamInfo &stream : streams) {
    const Heard from = owns(peer, stream) ? Heard::itself : Heard::elsewhere;
    if (!context_.directory.learn(stream, from)) continue;
    if (context_.carries(stream.slug) != nullptr) context_.budget.told(stream);
    context_.announce(Change::stream, stream.slug);
    context_.post(StreamNews{.stream = stream, .from = peer.id});
  }
}

void Membership::gone(const Peer &peer, const Gone &gone) {
  const StreamInfo *stream = context_.directory.stream(gone.slug);
  if (stream == nullptr) return;
  const std::uint64_t updated = std::max(gone.updated, stream->updated);
  const Heard from = owns(peer, *stream) ? Heard::itself : Heard::elsewhere;
  if (!context_.directory.gone(gone.slug, gone.updated, from)) return;
  tell_gone(gone.slug, updated, peer.id);
  context_.post(StreamGone{.slug = gone.slug, .updated = updated, .from = peer.id});
}

void Membership::child_came(PeerId child) {
  const std::vector<StreamInfo> streams = context_.directory.streams(streams_told);
  for (std::size_t i = 0; i < streams.size(); i += streams_per_message) {
    const auto begin = streams.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end =
        streams.begin() + static_cast<std::ptrdiff_t>(std::min(i + streams_per_message, streams.size()));
    context_.send(child, Streams{.streams = {begin, end}});
  }
}

void Membership::origin_knows(const OriginKnows &input) {
  for (const NodeInfo &node : input.nodes) {
    if (node.uuid == context_.self()) continue;
    if (context_.directory.learn(node, Heard::origin)) context_.announce(Change::node, node.uuid);
    if (node.supernode) role_.supernode_heard(node);
  }
  std::set<Slug> listed;
  for (const StreamInfo &stream : input.streams)
    if (stream.source == context_.self() || !context_.directory.is_own(stream.slug))
      listed.insert(stream.slug);
  for (const Slug &slug : context_.directory.missing(input.streams)) {
    const Uuid &source = context_.directory.stream(slug)->source;
    if (context_.carries(slug) != nullptr || context_.peers.with(source, PeerState::ready) != nullptr)
      continue;  // it lives, whatever the origin forgot
    if (!context_.directory.gone(slug, 0, Heard::origin)) continue;
    context_.announce(Change::stream, slug);
  }
  for (const StreamInfo &stream : input.streams) {
    if (!context_.directory.learn(stream, Heard::origin)) continue;
    if (context_.carries(stream.slug) != nullptr) context_.budget.told(stream);
    context_.announce(Change::stream, stream.slug);
  }
  // An origin that was restarted learns our streams again.
  for (const auto &[slug, carried] : context_.carried)
    if (carried.own && !listed.contains(slug))
      context_.emit(RegisterStream{.call = context_.next_id++, .stream = *context_.directory.stream(slug)});
  context_.post(OriginHeard{});
}

void Membership::own_changed(const OwnChanged &event) {
  const StreamInfo *stream = context_.directory.stream(event.slug);
  if (stream == nullptr || !context_.directory.is_own(event.slug)) return;
  context_.post(StreamNews{.stream = *stream, .from = 0});
  if (context_.settings.has_origin && !event.registered)
    context_.emit(RegisterStream{.call = context_.next_id++, .stream = *stream});
  context_.announce(Change::stream, event.slug);
}

void Membership::settled() {
  for (const auto &[slug, carried] : context_.carried)
    if (carried.own) context_.post(StreamNews{.stream = *context_.directory.stream(slug), .from = 0});
  // Neighbours learn what we are now, and whoever has tickets with us, where we are to be reached.
  for (const PeerId id : context_.peers.all()) {
    Peer &peer = *context_.peers.find(id);
    if (peer.kind != PeerKind::node || peer.state != PeerState::ready) continue;
    if (!peer.routed || context_.tickets.count(id) > 0) beat_to(peer, !peer.routed);
  }
}

bool Membership::add_node(const NodeInfo &node) {
  if (context_.directory.node(node.uuid) == nullptr && context_.directory.node_count() >= max_nodes)
    return false;
  if (context_.directory.learn(node, Heard::itself)) context_.announce(Change::node, node.uuid);
  return true;
}

bool Membership::forget_node(const Uuid &uuid) {
  const bool known = context_.directory.forget(uuid);
  context_.overlay.forget(uuid);
  bool connected = false;
  while (const Peer *peer = context_.peers.with(uuid, PeerState::connecting)) {
    connected = true;
    context_.drop(peer->id, "forgotten");
  }
  if (known) context_.announce(Change::node, uuid);
  return known || connected;
}

void Membership::leave() {
  for (const PeerId id : context_.peers.all()) {
    const Peer &peer = *context_.peers.find(id);
    if (peer.state == PeerState::ready && !peer.routed) context_.send(id, Goodbye{});
    context_.drop(id, "shutting down");
  }
}

}  // namespace astral::core
