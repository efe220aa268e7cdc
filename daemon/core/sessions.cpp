// SPDX-License-Identifier: BSD-3-Clause
#include "core/sessions.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/network.hpp"

namespace astral::core {

Place Sessions::place() const {
  const Uuid &self = node_.self();
  if (node_.supernode())
    return {.uuid = self, .via = self, .at = {node_.settings.self.ip_address, node_.settings.self.port}};
  const Peer *super = peers.find(way());
  if (super == nullptr) return {.uuid = self, .via = {}, .at = {}};
  const NodeInfo *node = directory_.node(super->uuid);
  return {.uuid = self,
          .via = super->uuid,
          .at = node == nullptr ? Address{} : Address{node->ip_address, node->port}};
}

Place Sessions::place_for(const Peer &peer) const {
  const bool other = !node_.supernode() && is_beside(peer.through);
  const Peer *through = other ? peers.find(peer.through) : nullptr;
  const NodeInfo *node = through == nullptr ? nullptr : directory_.node(through->uuid);
  if (node == nullptr || !through->supernode || through->id == primary) return place();
  return {.uuid = node_.self(), .via = through->uuid, .at = {node->ip_address, node->port}};
}

bool Sessions::with(const Ticket &ticket, const Peer &peer) const {
  if (ticket.peer == peer.id) return true;
  const Peer *other = peers.find(ticket.peer);
  return other != nullptr && other->kind == PeerKind::node && peer.kind == PeerKind::node &&
         other->uuid == peer.uuid;
}

Time Sessions::silence_of(const Ticket &ticket) const {
  const Peer *peer = peers.find(ticket.peer);
  const bool routed = peer != nullptr && peer->routed;
  return routed ? node_.settings.timeouts.routed_silence : node_.settings.timeouts.silence;
}

Peer *Sessions::open(const Place &place) {
  Peer *peer = peers.with(place.uuid, PeerState::ready);
  if (peer == nullptr)
    peer = peers.add({.id = outbox_.next_id++,
                      .state = PeerState::ready,
                      .outbound = true,
                      .uuid = place.uuid,
                      .routed = true,
                      .place = place,
                      .heard = node_.now,
                      .since = node_.now,
                      .used = node_.now});
  if (peer == nullptr) return nullptr;
  if (peer->routed && !place.via.empty()) peer->place = place;
  return peer;
}

std::optional<PeerId> Sessions::connect(const Uuid &uuid, const Address &address) {
  if (uuid == node_.self() || address.host.empty() || address.port == 0) return std::nullopt;
  const PeerId id = outbox_.next_id;
  if (peers.add({.id = id,
                 .state = PeerState::connecting,
                 .outbound = true,
                 .uuid = uuid,
                 .heard = node_.now,
                 .since = node_.now,
                 .used = node_.now}) == nullptr)
    return std::nullopt;
  ++outbox_.next_id;
  outbox_.emit(Connect{.peer = id, .ip_address = address.host, .port = address.port});
  return id;
}

// A node makes no connection only because a stranger named an address: not within this machine, link or site,
// unless a peer is there too, and not again and again.
bool Sessions::may_dial(const Uuid &uuid, const Address &address) {
  if (directory_.is_vouched(uuid, address)) return true;
  const Scope scope = scope_of(address.host);
  if (scope == Scope::nowhere || scope == Scope::link) return false;
  if (scope != Scope::world && !peers.any_near(address.host)) return false;
  std::erase_if(dialled_, [&](const auto &entry) { return entry.second <= node_.now; });
  if (dialled_.size() >= max_dialled || dialled_.contains(address) || !dials_.take(node_.now)) return false;
  dialled_[address] = node_.now + dial_again;
  return true;
}

std::optional<PeerId> Sessions::connect_named(const Uuid &uuid, const Address &address) {
  if (uuid == node_.self() || address.port == 0 || !may_dial(uuid, address)) return std::nullopt;
  return connect(uuid, address);
}

void Sessions::send(PeerId peer, Message message) {
  Peer *to = peers.find(peer);
  if (to == nullptr) return;  // gone in this very step
  to->used = node_.now;
  if (!to->routed) return outbox_.emit(Send{.peer = peer, .message = std::move(message)});
  outbox_.post(ToForward{{.to = to->place,
                          .from = place_for(*to),
                          .what = std::make_shared<const Enclosed>(Enclosed{std::move(message)})}});
}

bool Sessions::may_tell_children() {
  if (!node_.settings.self.origin) return true;
  const Time each = Time{1s} / origin_news_per_second;
  const Time until = std::max(told_until_, node_.now) + each * static_cast<Time::rep>(peers.child_count());
  if (until - node_.now > origin_news_burst) return false;
  told_until_ = until;
  return true;
}

void Sessions::tell(const Place &place, Message message) {
  if (const Peer *to = open(place)) send(to->id, std::move(message));
}

void Sessions::cancel(PeerId peer, const TicketId &ticket, std::string code, std::string message) {
  send(peer, Cancel{.ticket = ticket, .code = std::move(code), .message = std::move(message)});
}

void Sessions::cancel_unknown(PeerId peer, const TicketId &ticket) {
  cancel(peer, ticket, "unknown", "no such ticket, or it has lapsed");
}

void Sessions::drop(PeerId id, const std::string &reason) {
  const Peer *peer = peers.find(id);
  if (!peer->routed) outbox_.emit(Disconnect{.peer = id, .reason = reason});
  remove(id);
}

void Sessions::remove(PeerId id) {
  const Peer &peer = *peers.find(id);
  outbox_.post(PeerGone{
      .peer = id, .uuid = peer.uuid, .routed = peer.routed, .ready = peer.state == PeerState::ready});
  overlay.unlink(id);
  witnesses.erase(id);
  if (detour == id) detour = 0;
  peers.remove(id);
}

}  // namespace astral::core
