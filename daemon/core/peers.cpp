// SPDX-License-Identifier: BSD-3-Clause
#include "core/peers.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/network.hpp"

namespace astral::core {
namespace {

bool is_unproved(const Peer &peer) {
  return !peer.outbound && peer.state == PeerState::greeting && !peer.network.empty();
}

}  // namespace

Peer *Peers::add(Peer peer) {
  if (peer.routed ? routed_ >= max_routed : peers_.size() - routed_ >= max_peers) return nullptr;
  if (peer.routed) ++routed_;
  peer.network = network_of(peer.address);
  if (is_unproved(peer)) unproved_.add(peer.network);
  const PeerId id = peer.id;
  assert(!peers_.contains(id));  // our own ids are counted up, the driver's ids were looked up before
  if (!peer.uuid.empty()) by_uuid_[peer.uuid].insert(id);
  return &peers_.emplace(id, std::move(peer)).first->second;
}

Peer *Peers::find(PeerId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

const Peer *Peers::find(PeerId id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

void Peers::remove(PeerId id) {
  const auto found = peers_.find(id);
  assert(found != peers_.end());  // the callers have just found it
  const auto same = by_uuid_.find(found->second.uuid);
  if (same != by_uuid_.end()) {
    same->second.erase(id);
    if (same->second.empty()) by_uuid_.erase(same);
  }
  children_.erase(id);
  if (found->second.routed) --routed_;
  if (is_unproved(found->second)) unproved_.remove(found->second.network);
  peers_.erase(found);
}

void Peers::heard(const Uuid &uuid, Time now) {
  if (routed_ == 0) return;
  const auto same = by_uuid_.find(uuid);
  if (same == by_uuid_.end()) return;
  for (const PeerId id : same->second)
    if (Peer &peer = peers_.at(id); peer.routed) peer.heard = now;
}

void Peers::release(PeerId id) {
  peers_.at(id).child = false;
  children_.erase(id);
}

void Peers::adopt(Peer &peer) {
  peer.child = true;
  children_.insert(peer.id);
}

void Peers::enter(Peer &peer, PeerState state, const Uuid &uuid, Time now) {
  // Always the next state: Membership refuses messages that do not belong to the present one.
  assert(static_cast<int>(state) == static_cast<int>(peer.state) + 1);
  if (uuid != peer.uuid) {
    const auto same = by_uuid_.find(peer.uuid);
    if (same != by_uuid_.end()) {
      same->second.erase(peer.id);
      if (same->second.empty()) by_uuid_.erase(same);
    }
    if (!uuid.empty()) by_uuid_[uuid].insert(peer.id);
  }
  if (is_unproved(peer)) unproved_.remove(peer.network);
  peer.uuid = uuid;
  peer.state = state;
  peer.since = peer.heard = peer.used = now;
}

Peer *Peers::socket(const Uuid &uuid, PeerState at_least) {
  const auto same = by_uuid_.find(uuid);
  if (same == by_uuid_.end()) return nullptr;
  Peer *newest = nullptr;
  for (const PeerId id : same->second) {
    Peer *peer = find(id);
    if (peer->kind != PeerKind::node || peer->state < at_least || peer->routed) continue;
    if (newest == nullptr || peer->since > newest->since) newest = peer;
  }
  return newest;
}

Peer *Peers::with(const Uuid &uuid, PeerState at_least) {
  if (Peer *peer = socket(uuid, at_least)) return peer;
  const auto same = by_uuid_.find(uuid);
  if (same == by_uuid_.end()) return nullptr;
  for (const PeerId id : same->second) {
    Peer *peer = find(id);
    if (peer->kind == PeerKind::node && peer->state >= at_least) return peer;
  }
  return nullptr;
}

std::vector<PeerId> Peers::ready_nodes() const {
  std::vector<PeerId> ids;
  for (const auto &[id, peer] : peers_)
    if (peer.kind == PeerKind::node && peer.state == PeerState::ready && !peer.routed) ids.push_back(id);
  return ids;
}

std::optional<PeerId> Peers::oldest_unproved() const {
  for (const auto &[id, peer] : peers_)  // sockets that others opened come first, in their order
    if (!peer.outbound && peer.state == PeerState::greeting) return id;
  return std::nullopt;
}

bool Peers::any_near(const std::string &address) const {
  return std::any_of(peers_.begin(), peers_.end(), [&](const auto &entry) {
    const Peer &peer = entry.second;
    return peer.kind == PeerKind::node && peer.state == PeerState::ready && !peer.routed &&
           share_scope(peer.address, address);
  });
}

std::vector<PeerId> Peers::all() const {
  std::vector<PeerId> ids;
  for (const auto &[id, peer] : peers_) ids.push_back(id);
  return ids;
}

void Peers::check_invariants() const {
  assert(peers_.size() - routed_ <= max_peers && routed_ <= max_routed);
  std::size_t named = 0;
  for (const auto &[id, peer] : peers_) {
    assert(peer.id == id && peer.outbound == (id >= first_own_id));
    assert(peer.state != PeerState::ready || !peer.uuid.empty());
    assert(!peer.routed || (peer.state == PeerState::ready && peer.place.uuid == peer.uuid));
    assert(peer.child == children_.contains(id));
    if (peer.uuid.empty()) continue;
    ++named;
    assert(by_uuid_.at(peer.uuid).contains(id));
  }
  std::size_t indexed = 0;
  for (const auto &[uuid, ids] : by_uuid_) indexed += ids.size();
  assert(named == indexed);
}

}  // namespace astral::core
