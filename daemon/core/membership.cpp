// SPDX-License-Identifier: BSD-3-Clause
#include "core/membership.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <set>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {
namespace {

constexpr Time idle_peer = 60s;  // a connection that we made and that serves nothing

// The next `most` of `list` from `begin` on.
template <typename T>
std::vector<T> slice(const std::vector<T> &list, std::size_t begin, std::size_t most) {
  if (begin >= list.size()) return {};
  const auto from = list.begin() + static_cast<std::ptrdiff_t>(begin);
  return {from, from + static_cast<std::ptrdiff_t>(std::min(most, list.size() - begin))};
}

}  // namespace

std::optional<PeerId> connect(Desk &desk, const Uuid &uuid) {
  const NodeInfo *node = desk.directory.node(uuid);
  if (node == nullptr || uuid == desk.self()) return std::nullopt;
  const PeerId id = desk.next_id;
  if (desk.peers.add({.id = id,
                      .state = PeerState::connecting,
                      .outbound = true,
                      .uuid = uuid,
                      .heard = desk.now,
                      .since = desk.now,
                      .used = desk.now}) == nullptr)
    return std::nullopt;
  ++desk.next_id;
  desk.emit(Connect{.peer = id, .ip_address = node->ip_address, .port = node->port});
  return id;
}

Membership::Membership(Desk &desk) : desk_(desk) {
  for (const Address &address : desk.settings.bootstrap) bootstrap_.push_back({.address = address});
}

void Membership::start() {
  const auto interval = static_cast<std::uint64_t>(desk_.settings.timeouts.heartbeat.count());
  const Time first{static_cast<Time::rep>(desk_.rng.below(interval) + 1)};  // nodes do not beat in step
  desk_.agenda.set({.due = Due::beat}, desk_.now + first);
  for (std::size_t i = 0; i < bootstrap_.size(); ++i) bootstrap(i);
}

void Membership::bootstrap(std::size_t which) {
  Entry &entry = bootstrap_[which];
  if (entry.self || entry.peer != 0) return;
  const PeerId id = desk_.next_id;
  if (desk_.peers.add({.id = id,
                       .state = PeerState::connecting,
                       .outbound = true,
                       .bootstrap = which,
                       .heard = desk_.now,
                       .since = desk_.now,
                       .used = desk_.now}) == nullptr) {
    retry_bootstrap(which);
    return;
  }
  ++desk_.next_id;
  entry.peer = id;
  desk_.emit(Connect{.peer = id, .ip_address = entry.address.host, .port = entry.address.port});
}

void Membership::retry_bootstrap(std::size_t which) {
  Entry &entry = bootstrap_[which];
  const Timeouts &timeouts = desk_.settings.timeouts;
  entry.peer = 0;
  if (entry.self) return;
  entry.backoff = std::clamp(entry.backoff * 2, timeouts.reconnect, timeouts.last_reconnect);
  desk_.agenda.set({.due = Due::bootstrap, .number = which}, desk_.now + desk_.rng.jittered(entry.backoff));
}

void Membership::beat() {
  const Timeouts &timeouts = desk_.settings.timeouts;
  desk_.agenda.set({.due = Due::beat}, desk_.now + timeouts.heartbeat);
  for (const PeerId id : desk_.peers.all()) {
    Peer &peer = *desk_.peers.find(id);
    const Time patience = peer.state == PeerState::greeting ? timeouts.greeting : timeouts.silence;
    // An element may say nothing for hours; one that beats is held to it.
    const bool may_be_silent = peer.kind == PeerKind::element && !peer.beats;
    if (desk_.now - peer.heard >= patience && !may_be_silent) {
      drop(id, peer.state == PeerState::greeting ? "no hello" : "silent");
      continue;
    }
    if (peer.state != PeerState::ready) continue;
    Heartbeat heartbeat;
    for (const TicketId &ticket : desk_.tickets.of_peer(id))
      if (desk_.tickets.find(ticket)->state == TicketState::confirmed) heartbeat.tickets.push_back(ticket);
    if (desk_.tickets.count(id) > 0) peer.used = desk_.now;
    desk_.send(id, std::move(heartbeat));
  }
  drop_idle();
  keep_one();
}

// A node without any peer hears no news.
void Membership::keep_one() {
  if (desk_.peers.nodes() > 0) return;
  for (const Uuid &uuid : desk_.directory.some(4, desk_.rng.next()))
    if (connect(desk_, uuid)) return;
}

void Membership::drop_idle() {
  std::size_t left = desk_.peers.nodes();
  std::set<PeerId> searching;
  for (const auto &[slug, carried] : desk_.carried)
    if (carried.search) searching.insert(carried.search->peer);
  for (const PeerId id : desk_.peers.ready_nodes()) {
    const Peer &peer = *desk_.peers.find(id);
    if (!peer.outbound || peer.bootstrap || left <= 1 || searching.contains(id)) continue;
    if (desk_.now - peer.used < idle_peer || desk_.tickets.count(id) > 0) continue;
    drop(id, "idle");
    --left;
  }
}

void Membership::connected(const PeerConnected &input) {
  if (input.outbound) {
    Peer *peer = desk_.peers.find(input.peer);
    if (peer == nullptr || peer->state != PeerState::connecting) return;  // we gave it up meanwhile
    peer->address = input.address;
    desk_.peers.enter(*peer, PeerState::greeting, peer->uuid, desk_.now);
    desk_.send(input.peer, Hello{.node = desk_.settings.self, .kind = PeerKind::node});
    return;
  }
  assert(input.peer != 0);
  if (input.peer >= first_own_id || desk_.peers.find(input.peer) != nullptr) return;
  if (desk_.peers.add({.id = input.peer, .address = input.address, .heard = desk_.now, .since = desk_.now}) ==
      nullptr)
    desk_.emit(Disconnect{.peer = input.peer, .reason = "no room for a peer"});
}

void Membership::hello(Peer &peer, const Hello &hello) {
  if (peer.outbound || peer.state != PeerState::greeting) return drop(peer.id, "hello out of turn");
  if (hello.node.uuid.empty()) return drop(peer.id, "hello without uuid");
  if (hello.kind == PeerKind::node && hello.node.uuid == desk_.self()) {
    desk_.send(peer.id, Welcome{.node = desk_.settings.self});  // our other end finds out, and hangs up
    return;
  }
  peer.kind = hello.kind;
  // Told before it is learned, so that nothing is told back.
  std::vector<NodeInfo> nodes;
  std::vector<StreamInfo> streams;
  if (hello.kind == PeerKind::node) {
    nodes = desk_.directory.nodes(nodes_told);
    streams = desk_.directory.streams(streams_told);
  }
  desk_.send(peer.id, Welcome{.node = desk_.settings.self,
                              .nodes = slice(nodes, 0, nodes_per_message),
                              .streams = slice(streams, 0, streams_per_message)});
  tell_from(peer.id, nodes, nodes_per_message, streams, streams_per_message);
  ready(peer, hello.node, hello.nodes, hello.streams);
}

void Membership::welcome(Peer &peer, const Welcome &welcome) {
  if (!peer.outbound || peer.state != PeerState::greeting) return drop(peer.id, "welcome out of turn");
  if (welcome.node.uuid.empty()) return drop(peer.id, "welcome without uuid");
  if (welcome.node.uuid == desk_.self()) {
    if (peer.bootstrap)
      bootstrap_[*peer.bootstrap].self = true;
    else
      desk_.directory.forget(peer.uuid);
    return drop(peer.id, "self");
  }
  if (!peer.uuid.empty() && peer.uuid != welcome.node.uuid) {  // another node lives at that address now
    desk_.directory.forget(peer.uuid);
    desk_.announce(Change::node, peer.uuid);
  }
  if (peer.bootstrap) bootstrap_[*peer.bootstrap].backoff = {};
  // Only now, so that nothing is missed which came up between hello and welcome.
  tell_from(peer.id, desk_.directory.nodes(nodes_told), 0, desk_.directory.streams(streams_told), 0);
  ready(peer, welcome.node, welcome.nodes, welcome.streams);
}

void Membership::ready(Peer &peer, const NodeInfo &node, const std::vector<NodeInfo> &nodes,
                       const std::vector<StreamInfo> &streams) {
  desk_.peers.enter(peer, PeerState::ready, node.uuid, desk_.now);
  desk_.notice(PeerReady{.peer = peer.id});
  if (peer.kind == PeerKind::element) return;
  desk_.directory.reached(node.uuid);
  learn_nodes({node}, Heard::itself, &peer);
  learn_nodes(nodes, Heard::elsewhere, &peer);
  learn_streams(streams, Heard::elsewhere, &peer);
}

void Membership::tell_from(PeerId peer, const std::vector<NodeInfo> &nodes, std::size_t first_node,
                           const std::vector<StreamInfo> &streams, std::size_t first_stream) {
  for (std::size_t i = first_node; i < nodes.size(); i += nodes_per_message)
    desk_.send(peer, Nodes{.nodes = slice(nodes, i, nodes_per_message)});
  for (std::size_t i = first_stream; i < streams.size(); i += streams_per_message)
    desk_.send(peer, Streams{.streams = slice(streams, i, streams_per_message)});
}

void Membership::lost(const PeerLost &input) {
  const Peer *peer = desk_.peers.find(input.peer);
  if (peer == nullptr) return;
  if (peer->outbound && peer->state != PeerState::ready && desk_.directory.unreached(peer->uuid))
    desk_.announce(Change::node, peer->uuid);
  remove(input.peer);
}

void Membership::drop(PeerId peer, const std::string &reason) {
  desk_.emit(Disconnect{.peer = peer, .reason = reason});
  remove(peer);
}

void Membership::remove(PeerId id) {
  const std::optional<std::size_t> which = desk_.peers.find(id)->bootstrap;
  desk_.peers.remove(id);
  if (which) retry_bootstrap(*which);
  desk_.notice(PeerGone{.peer = id});
}

void Membership::goodbye(Peer &peer) {
  const Uuid uuid = peer.uuid;
  const bool is_node = peer.kind == PeerKind::node;
  drop(peer.id, "goodbye");
  if (is_node && desk_.directory.forget(uuid)) desk_.announce(Change::node, uuid);
}

void Membership::nodes(const Peer &peer, const std::vector<NodeInfo> &nodes) {
  learn_nodes(nodes, Heard::elsewhere, &peer);
}

void Membership::streams(const Peer &peer, const std::vector<StreamInfo> &streams) {
  learn_streams(streams, Heard::elsewhere, &peer);
}

void Membership::learn_nodes(const std::vector<NodeInfo> &nodes, Heard from, const Peer *teller) {
  std::vector<NodeInfo> news;
  for (NodeInfo node : nodes) {
    if (node.uuid == desk_.self()) continue;
    Heard heard = from;
    if (teller != nullptr && node.uuid == teller->uuid) {
      heard = Heard::itself;
      if (node.ip_address.empty()) node.ip_address = teller->address;
    }
    if (!desk_.directory.learn(node, heard)) continue;
    desk_.announce(Change::node, node.uuid);
    news.push_back(std::move(node));
  }
  if (from != Heard::origin) tell(news, teller == nullptr ? 0 : teller->id);
}

void Membership::learn_streams(const std::vector<StreamInfo> &streams, Heard from, const Peer *teller) {
  std::vector<StreamInfo> news;
  for (const StreamInfo &stream : streams) {
    const bool itself = teller != nullptr && stream.source == teller->uuid;
    if (!desk_.directory.learn(stream, itself ? Heard::itself : from)) continue;
    if (desk_.carries(stream.slug) != nullptr) desk_.room.told(stream);
    desk_.announce(Change::stream, stream.slug);
    news.push_back(stream);
  }
  if (from != Heard::origin) tell(news, teller == nullptr ? 0 : teller->id);
}

void Membership::tell(const std::vector<NodeInfo> &nodes, PeerId but) {
  if (nodes.empty()) return;
  for (const PeerId id : desk_.peers.ready_nodes())
    for (std::size_t i = 0; id != but && i < nodes.size(); i += nodes_per_message)
      desk_.send(id, Nodes{.nodes = slice(nodes, i, nodes_per_message)});
}

void Membership::tell(const std::vector<StreamInfo> &streams, PeerId but) {
  if (streams.empty()) return;
  for (const PeerId id : desk_.peers.ready_nodes())
    for (std::size_t i = 0; id != but && i < streams.size(); i += streams_per_message)
      desk_.send(id, Streams{.streams = slice(streams, i, streams_per_message)});
}

void Membership::gone(const Peer &peer, const Gone &gone) {
  const StreamInfo *stream = desk_.directory.stream(gone.slug);
  if (stream == nullptr) return;
  const std::uint64_t updated = std::max(gone.updated, stream->updated);
  const Heard from = stream->source == peer.uuid ? Heard::itself : Heard::elsewhere;
  if (!desk_.directory.gone(gone.slug, gone.updated, from)) return;
  for (const PeerId id : desk_.peers.ready_nodes())
    if (id != peer.id) desk_.send(id, Gone{.slug = gone.slug, .updated = updated});
  desk_.announce(Change::stream, gone.slug);
  desk_.notice(StreamGone{.slug = gone.slug});
}

void Membership::origin_knows(const OriginKnows &input) {
  learn_nodes(input.nodes, Heard::origin, nullptr);
  std::set<Slug> listed;
  for (const StreamInfo &stream : input.streams)
    if (stream.source == desk_.self() || !desk_.directory.is_own(stream.slug)) listed.insert(stream.slug);
  for (const Slug &slug : desk_.directory.missing(input.streams)) {
    if (desk_.carries(slug) != nullptr) continue;  // it lives, whatever the origin forgot
    if (!desk_.directory.gone(slug, 0, Heard::origin)) continue;
    desk_.announce(Change::stream, slug);
  }
  learn_streams(input.streams, Heard::origin, nullptr);
  // An origin that was restarted learns our streams again.
  for (const auto &[slug, carried] : desk_.carried)
    if (carried.own && !listed.contains(slug))
      desk_.emit(RegisterStream{.call = desk_.next_id++, .stream = *desk_.directory.stream(slug)});
  desk_.notice(OriginHeard{});
}

void Membership::own_changed(const OwnChanged &notice) {
  const StreamInfo *stream = desk_.directory.stream(notice.slug);
  if (stream == nullptr || !desk_.directory.is_own(notice.slug)) return;
  tell(std::vector<StreamInfo>{*stream}, 0);
  if (desk_.settings.has_origin && !notice.registered)
    desk_.emit(RegisterStream{.call = desk_.next_id++, .stream = *stream});
  desk_.announce(Change::stream, notice.slug);
}

void Membership::tell_gone(const Slug &slug, std::uint64_t updated) {
  for (const PeerId id : desk_.peers.ready_nodes()) desk_.send(id, Gone{.slug = slug, .updated = updated});
  desk_.announce(Change::stream, slug);
}

bool Membership::add_node(const NodeInfo &node) {
  if (desk_.directory.node(node.uuid) == nullptr && desk_.directory.node_count() >= max_nodes) return false;
  learn_nodes({node}, Heard::itself, nullptr);
  return true;
}

bool Membership::forget_node(const Uuid &uuid) {
  const bool known = desk_.directory.forget(uuid);
  bool connected = false;
  while (const Peer *peer = desk_.peers.with(uuid, PeerState::connecting)) {
    connected = true;
    drop(peer->id, "forgotten");
  }
  if (known) desk_.announce(Change::node, uuid);
  return known || connected;
}

void Membership::leave() {
  for (const PeerId id : desk_.peers.all()) {
    if (desk_.peers.find(id)->state == PeerState::ready) desk_.send(id, Goodbye{});
    drop(id, "shutting down");
  }
}

}  // namespace astral::core
