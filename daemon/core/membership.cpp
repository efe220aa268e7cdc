// SPDX-License-Identifier: BSD-3-Clause
#include "core/membership.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "core/limits.hpp"
#include "core/network.hpp"
#include "core/slug.hpp"

namespace astral::core {
namespace {
constexpr const char *not_its_uuid = "its uuid is not that of its key";
}

void Membership::start() {
  const auto interval = static_cast<std::uint64_t>(node_.settings.timeouts.heartbeat.count());
  const Time first{static_cast<Time::rep>(rng_.below(interval) + 1)};  // so that nodes do not beat in step
  timers_.set({.kind = TimerKind::beat}, node_.now + first);
}

void Membership::beat() {
  const Timeouts &timeouts = node_.settings.timeouts;
  timers_.set({.kind = TimerKind::beat}, node_.now + timeouts.heartbeat);
  for (const PeerId id : sessions_.peers.all()) {
    Peer &peer = *sessions_.peers.find(id);
    Time patience = peer.state == PeerState::ready ? timeouts.silence : timeouts.greeting;
    if (peer.routed) patience = timeouts.routed_silence;
    // An element that sends no heartbeats may say nothing for hours.
    const bool may_be_silent = peer.kind == PeerKind::element && !peer.beats;
    if (node_.now - peer.heard >= patience && !may_be_silent) {
      sessions_.drop(id, peer.state == PeerState::ready ? "silent" : "no hello");
      continue;
    }
    if (peer.state != PeerState::ready) continue;
    if (tickets_.count(id) > 0) {
      peer.used = node_.now;
    } else if (peer.routed) {
      continue;
    }
    if (!peer.routed || node_.now - peer.beaten >= timeouts.routed_heartbeat) beat_to(peer);
  }
  drop_idle();
}

void Membership::beat_to(Peer &peer, bool with_self) {
  Heartbeat heartbeat;
  if (with_self) heartbeat.nodes.push_back(node_.settings.self);
  for (const TicketId &ticket : tickets_.of_peer(peer.id)) {
    const auto &[side, state] = std::pair(tickets_.find(ticket)->side, tickets_.find(ticket)->state);
    if (state < TicketState::confirmed) continue;
    const bool standby = side == Side::held && state == TicketState::standing_by;
    (standby ? heartbeat.standby : heartbeat.tickets).push_back(ticket);
  }
  heartbeat.sent_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, node_.unix_ms()));
  heartbeat.echo_ms = peer.their_ms;
  heartbeat.held_ms = static_cast<std::uint64_t>((node_.now - peer.their_at) / 1ms);
  // Heartbeats carry supernodes, so that supernodes learn of each other, and children of other supernodes.
  if (node_.supernode() && peer.kind == PeerKind::node && !peer.routed && (peer.supernode || peer.child)) {
    std::set<Uuid> uuids;
    if (peer.supernode)
      for (const Uuid &uuid : sessions_.overlay.nearest(key_of(peer.uuid), 1)) uuids.insert(uuid);
    for (const Uuid &uuid : sessions_.overlay.spread(1, rng_.next())) uuids.insert(uuid);
    uuids.erase(peer.uuid);
    for (const Uuid &uuid : uuids)
      if (const NodeInfo *node = directory_.node(uuid)) heartbeat.nodes.push_back(*node);
  }
  const Time used = peer.used;
  peer.beaten = node_.now;
  sessions_.send(peer.id, std::move(heartbeat));
  peer.used = used;
}

void Membership::heartbeat(Peer &peer, const Heartbeat &heartbeat) {
  peer.beats = true;
  peer.their_ms = heartbeat.sent_ms;
  peer.their_at = node_.now;
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(1, node_.unix_ms()));
  const bool echoes = heartbeat.echo_ms > 0 && heartbeat.echo_ms <= now_ms;
  if (echoes && heartbeat.held_ms <= now_ms - heartbeat.echo_ms && !peer.routed) {
    // A longer time means that a clock was set, or that the peer lies. A very long one would overflow Time.
    constexpr std::uint64_t most_ms = 10s / 1ms;
    const std::uint64_t rtt_ms = now_ms - heartbeat.echo_ms - heartbeat.held_ms;
    if (rtt_ms < most_ms) {
      const Time rtt = Time{1ms} * static_cast<Time::rep>(rtt_ms);
      peer.rtt = peer.rtt ? *peer.rtt - *peer.rtt / 8 + rtt / 8 : rtt;
    }
    if (peer.rtt) directory_.timed(peer.uuid, *peer.rtt);
  }
  for (const NodeInfo &node : heartbeat.nodes) {
    if (node.uuid == peer.uuid) {
      changed(peer, node);
    } else if (peer.outbound || peer.reached) {  // who was reached itself is believed about others
      role_.supernode_heard(node);
      if (are_neighbours(peer.address, node.ip_address)) directory_.vouch(node.uuid);
    }
  }
}

// The peer has become a supernode, or has stopped being one.
void Membership::changed(Peer &peer, NodeInfo node) {
  if (peer.routed || peer.kind != PeerKind::node) return;
  if (node.ip_address.empty()) node.ip_address = peer.address;
  if (directory_.learn(node, Heard::itself)) outbox_.announce(Change::node, node.uuid);
  if (peer.supernode == node.supernode) return;
  peer.supernode = node.supernode;
  if (node.supernode) return role_.peer_ready(peer.id);
  sessions_.overlay.forget(peer.uuid);
}

void Membership::drop_idle() {
  const bool is_on_air = std::any_of(streams_.all.begin(), streams_.all.end(), [&](const auto &entry) {
    return entry.second.own && directory_.stream(entry.first)->streaming;
  });
  for (const PeerId id : sessions_.peers.all()) {
    if (is_on_air && sessions_.witnesses.contains(id))
      continue;  // what they know of us ends with the session
    const Peer &peer = *sessions_.peers.find(id);
    if (peer.kind != PeerKind::node || !peer.outbound || peer.state != PeerState::ready) continue;
    if (tickets_.count(id) > 0 || role_.kept(peer)) continue;
    if (node_.now - peer.used >= node_.settings.timeouts.idle) sessions_.drop(id, "idle");
  }
}

void Membership::connected(const PeerConnected &input) {
  if (input.outbound) {
    Peer *peer = sessions_.peers.find(input.peer);
    if (peer == nullptr || peer->state != PeerState::connecting) return;  // we gave it up meanwhile
    peer->address = input.address;
    sessions_.peers.enter(*peer, PeerState::greeting, peer->uuid, node_.now);
    peer->told_supernode = node_.supernode();
    sessions_.send(input.peer, Hello{.node = node_.settings.self, .kind = PeerKind::node});
    return;
  }
  assert(input.peer != 0);  // the driver counts from 1
  if (input.peer >= first_own_id || sessions_.peers.find(input.peer) != nullptr) return;
  const std::string network = network_of(input.address);
  if (!network.empty() && sessions_.peers.unproved(network) >= max_unproved)
    return outbox_.emit(Disconnect{.peer = input.peer, .reason = slow_down});
  // Sockets that prove nothing go first.
  if (sessions_.peers.size() - sessions_.peers.routed() >= max_peers)
    if (const auto oldest = sessions_.peers.oldest_unproved()) sessions_.drop(*oldest, slow_down);
  if (sessions_.peers.add(
          {.id = input.peer, .address = input.address, .heard = node_.now, .since = node_.now}) == nullptr)
    outbox_.emit(Disconnect{.peer = input.peer, .reason = "no room for a peer"});
}

void Membership::proved(const PeerProved &input) {
  Peer *peer = sessions_.peers.find(input.peer);
  if (peer != nullptr && peer->state == PeerState::greeting) peer->fingerprint = input.fingerprint;
}

void Membership::hello(Peer &peer, const Hello &hello) {
  if (peer.outbound || peer.state != PeerState::greeting) return sessions_.drop(peer.id, "hello out of turn");
  if (hello.node.uuid.empty()) return sessions_.drop(peer.id, "hello without uuid");
  if (hello.kind == PeerKind::node && hello.node.uuid == node_.self()) {
    // We connected to ourselves. The connecting end finds its own uuid in the Welcome and closes.
    sessions_.send(peer.id, Welcome{.node = node_.settings.self});
    return;
  }
  if (hello.kind == PeerKind::node) {
    if (peer.fingerprint.empty()) return sessions_.drop(peer.id, "expected a proof of its key");
    if (hello.node.uuid != uuid_of(peer.fingerprint)) return sessions_.drop(peer.id, not_its_uuid);
  }
  if (hello.kind == PeerKind::element && node_.settings.self.origin)
    return sessions_.drop(peer.id, "this is an origin: it carries no media");
  if (hello.kind == PeerKind::element && is_uuid_of_a_key(hello.node.uuid))
    return sessions_.drop(peer.id, not_its_uuid);
  peer.kind = hello.kind;
  // The last places are for this machine's own players and publishers.
  if (peer.kind == PeerKind::node &&
      sessions_.peers.size() - sessions_.peers.routed() > max_peers - kept_for_elements)
    return sessions_.drop(peer.id, "no room for a peer");
  Welcome welcome{.node = node_.settings.self};
  if (hello.kind == PeerKind::node) welcome.nodes = role_.told_to(hello.node);
  sessions_.send(peer.id, std::move(welcome));
  ready(peer, hello.node);
}

void Membership::welcome(Peer &peer, const Welcome &welcome) {
  if (!peer.outbound || peer.routed || peer.state != PeerState::greeting)
    return sessions_.drop(peer.id, "welcome out of turn");
  if (welcome.node.uuid.empty()) return sessions_.drop(peer.id, "welcome without uuid");
  if (welcome.node.uuid == node_.self()) {
    directory_.forget(peer.uuid);
    role_.met_itself(peer.id);
    return sessions_.drop(peer.id, "self");
  }
  if (peer.fingerprint.empty()) return sessions_.drop(peer.id, "expected a proof of its key");
  if (welcome.node.uuid != uuid_of(peer.fingerprint)) return sessions_.drop(peer.id, not_its_uuid);
  // Another node lives at that address now.
  if (!peer.uuid.empty() && peer.uuid != welcome.node.uuid && !peer.probing) {
    directory_.forget(peer.uuid);
    sessions_.overlay.forget(peer.uuid);
    outbox_.announce(Change::node, peer.uuid);
  }
  peer.rtt = node_.now - peer.since;
  for (const NodeInfo &node : welcome.nodes) {
    role_.supernode_heard(node);
    if (are_neighbours(peer.address, node.ip_address)) directory_.vouch(node.uuid);
  }
  ready(peer, welcome.node);
  if (peer.told_supernode != node_.supernode()) beat_to(peer, true);  // our role has changed since
}

void Membership::ready(Peer &peer, NodeInfo node) {
  const Uuid meant = peer.uuid == node.uuid ? "" : peer.uuid;
  sessions_.peers.enter(peer, PeerState::ready, node.uuid, node_.now);
  peer.supernode = node.supernode;
  outbox_.post(PeerReady{.peer = peer.id, .meant = meant});
  if (peer.kind == PeerKind::element) return;
  if (node.ip_address.empty()) node.ip_address = peer.address;
  directory_.reached(node.uuid);
  if (directory_.learn(node, Heard::itself)) outbox_.announce(Change::node, node.uuid);
  if (node.ip_address == peer.address) directory_.vouch(node.uuid);
  if (peer.rtt) directory_.timed(node.uuid, *peer.rtt);
  if (!node.supernode) sessions_.overlay.forget(node.uuid);
}

void Membership::lost(const PeerLost &input) {
  const Peer *peer = sessions_.peers.find(input.peer);
  if (peer == nullptr) return;
  const NodeInfo *node = directory_.node(peer->uuid);
  // That we lack the address family says nothing about the node.
  const bool proves = node != nullptr && may_dial(node_.settings.self.families, node->ip_address);
  if (peer->outbound && peer->state != PeerState::ready && proves && directory_.unreached(peer->uuid))
    outbox_.announce(Change::node, peer->uuid);
  sessions_.remove(input.peer);
}

void Membership::goodbye(Peer &peer) {
  const Uuid uuid = peer.uuid;
  const bool is_node = peer.kind == PeerKind::node;
  sessions_.drop(peer.id, "goodbye");
  if (!is_node) return;
  sessions_.overlay.forget(uuid);
  if (directory_.forget(uuid)) outbox_.announce(Change::node, uuid);
}

// The peers that news of a stream concern: our children, the nodes that we feed with it and, if it is ours,
// our supernode and the other ones that know it from us.
std::vector<PeerId> Membership::audience(const Slug &slug, PeerId but) const {
  std::set<PeerId> peers;
  if (node_.supernode() && sessions_.may_tell_children())
    for (const PeerId id : sessions_.peers.children()) peers.insert(id);
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (ticket.kind == PeerKind::node) peers.insert(ticket.peer);
  }
  if (directory_.is_own(slug)) {
    if (sessions_.primary != 0) peers.insert(sessions_.primary);
    if (!node_.supernode()) peers.insert(sessions_.witnesses.begin(), sessions_.witnesses.end());
  }
  peers.erase(but);
  return {peers.begin(), peers.end()};
}

void Membership::spread(const StreamInfo &stream, PeerId but) {
  for (const PeerId id : audience(directory_.name_for(stream), but))
    sessions_.send(id, Streams{.streams = {stream}});
}

void Membership::tell_gone(const Gone &gone, const Slug &name, PeerId but) {
  for (const PeerId id : audience(name, but)) sessions_.send(id, gone);
  outbox_.announce(Change::stream, name);
}

// The peer is the source of that stream.
bool Membership::owns(const Peer &peer, const StreamInfo &stream) {
  return stream.source == peer.uuid &&
         (peer.routed || stream.fingerprint.empty() || stream.fingerprint == peer.fingerprint);
}

void Membership::streams(const Peer &peer, const std::vector<StreamInfo> &streams) {
  for (const StreamInfo &stream : streams) {
    const Heard from = owns(peer, stream) ? Heard::itself : Heard::elsewhere;
    // A child speaks for itself only, and a parent for what it feeds us. What is known already may be renewed
    // by anybody who has the word of its key.
    const bool is_its_own = from == Heard::itself || (stream.is_signed() && stream.source == peer.uuid);
    const bool is_renewal = stream.is_signed() && directory_.knows(stream);
    if (!is_its_own && !peer.supernode && !is_renewal && streams_.find(stream.slug) == nullptr) continue;
    if (!directory_.learn(stream, from)) {
      correct(peer, stream);
      continue;
    }
    heard_news(stream);
    outbox_.post(StreamNews{.stream = stream, .from = peer.id});
  }
}

void Membership::heard_news(const StreamInfo &stream) {
  const Slug name = directory_.name_for(stream);
  if (streams_.find(name) != nullptr) budget_.told(*directory_.stream(name));
  outbox_.announce(Change::stream, name);
}

// The source has begun anew with a clock that is behind: it learns what its stream's key has said already,
// and then says something newer.
void Membership::correct(const Peer &peer, const StreamInfo &stream) {
  const StreamInfo *known = directory_.stream(directory_.name_for(stream));
  if (known != nullptr && known->is_signed() && known->fingerprint == stream.fingerprint &&
      known->updated > stream.updated && stream.source == peer.uuid)
    sessions_.send(peer.id, Streams{.streams = {Directory::as_told(*known)}});
}

void Membership::gone(const Peer &peer, const Gone &gone) {
  const Slug name = directory_.name_for(gone);
  const StreamInfo *stream = directory_.stream(name);
  if (stream == nullptr) return;
  Gone told = gone;
  told.updated = std::max(gone.updated, stream->updated);
  const Heard from = owns(peer, *stream) ? Heard::itself : Heard::elsewhere;
  if (!directory_.gone(gone, from)) return;
  tell_gone(told, name, peer.id);
  outbox_.post(StreamGone{.gone = std::move(told), .name = name, .from = peer.id});
}

void Membership::child_came(PeerId child) {
  std::vector<StreamInfo> streams = directory_.streams(streams_told);
  for (StreamInfo &stream : streams) stream = Directory::as_told(std::move(stream));
  for (std::size_t i = 0; i < streams.size(); i += streams_per_message) {
    const auto begin = streams.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end =
        streams.begin() + static_cast<std::ptrdiff_t>(std::min(i + streams_per_message, streams.size()));
    sessions_.send(child, Streams{.streams = {begin, end}});
  }
}

void Membership::origin_knows(const OriginKnows &input) {
  for (const NodeInfo &node : input.nodes) {
    if (node.uuid == node_.self()) continue;
    if (directory_.learn(node, Heard::origin)) outbox_.announce(Change::node, node.uuid);
    directory_.vouch(node.uuid);
    if (node.supernode) role_.supernode_heard(node);
  }
  std::set<Slug> listed;
  for (const StreamInfo &stream : input.streams)
    if (stream.source == node_.self() || !directory_.is_own(stream.slug)) listed.insert(stream.slug);
  for (const Slug &slug : directory_.missing(input.streams)) {
    const Uuid &source = directory_.stream(slug)->source;
    if (streams_.find(slug) != nullptr || sessions_.peers.with(source, PeerState::ready) != nullptr)
      continue;  // the stream is alive, even if the origin forgot it
    if (!directory_.gone({.slug = slug}, Heard::origin)) continue;
    outbox_.announce(Change::stream, slug);
  }
  for (const StreamInfo &stream : input.streams) {
    if (directory_.learn(stream, Heard::origin)) heard_news(stream);
  }
  // Registers our streams again with an origin that has forgotten them.
  for (const auto &[slug, carried] : streams_.all)
    if (carried.own && !listed.contains(slug))
      outbox_.emit(RegisterStream{.call = outbox_.next_id++, .stream = *directory_.stream(slug)});
  outbox_.post(OriginHeard{});
}

void Membership::own_changed(const OwnChanged &event) {
  const StreamInfo *stream = directory_.stream(event.slug);
  if (stream == nullptr || !directory_.is_own(event.slug)) return;
  if (!event.viewers_only) outbox_.post(StreamNews{.stream = *stream, .from = 0});
  if (node_.settings.has_origin && !event.registered) {
    const StreamState *state = streams_.find(event.slug);
    outbox_.emit(RegisterStream{.call = outbox_.next_id++,
                                .stream = *stream,
                                .viewers = state == nullptr ? 0 : state->audience.shown});
  }
  outbox_.announce(Change::stream, event.slug);
}

void Membership::settled() {
  for (const auto &[slug, carried] : streams_.all)
    if (carried.own) outbox_.post(StreamNews{.stream = *directory_.stream(slug), .from = 0});
  // Neighbours learn what we are now. Peers that have tickets with us learn our new place.
  for (const PeerId id : sessions_.peers.all()) {
    Peer &peer = *sessions_.peers.find(id);
    if (peer.kind != PeerKind::node || peer.state != PeerState::ready) continue;
    if (!peer.routed || tickets_.count(id) > 0) beat_to(peer, !peer.routed);
  }
}

void Membership::say_self() {
  for (const PeerId id : sessions_.peers.ready_nodes()) beat_to(*sessions_.peers.find(id), true);
}

bool Membership::add_node(const NodeInfo &node) {
  if (directory_.node(node.uuid) == nullptr && directory_.node_count() >= max_nodes) return false;
  if (directory_.learn(node, Heard::itself)) outbox_.announce(Change::node, node.uuid);
  directory_.vouch(node.uuid);
  return true;
}

bool Membership::forget_node(const Uuid &uuid) {
  const bool known = directory_.forget(uuid);
  sessions_.overlay.forget(uuid);
  bool connected = false;
  while (const Peer *peer = sessions_.peers.with(uuid, PeerState::connecting)) {
    connected = true;
    sessions_.drop(peer->id, "forgotten");
  }
  if (known) outbox_.announce(Change::node, uuid);
  return known || connected;
}

void Membership::leave() {
  for (const PeerId id : sessions_.peers.all()) {
    const Peer &peer = *sessions_.peers.find(id);
    if (peer.state == PeerState::ready && !peer.routed) sessions_.send(id, Goodbye{});
    sessions_.drop(id, "shutting down");
  }
}

}  // namespace astral::core
