// SPDX-License-Identifier: BSD-3-Clause
// The way to a place in the network. What a supernode does for others is in standing_supernode.cpp.
#include "core/standing.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/routes.hpp"

namespace astral::core {
namespace {

constexpr std::size_t at_once = 3;  // candidates

}  // namespace

void Standing::start() {
  for (const NodeInfo &node : desk_.settings.remembered)
    if (node.uuid != desk_.self()) desk_.directory.learn(node, Heard::elsewhere);
  if (desk_.settings.role == Role::supernode) {
    reached_ = true;
    enter(Standpoint::supernode);
  }
  seek();
}

void Standing::enter(Standpoint standpoint) {
  const Standpoint from = std::exchange(standpoint_, standpoint);
  NodeInfo &self = desk_.settings.self;
  if (self.supernode != (standpoint == Standpoint::supernode))  // news that are newer than the old ones
    self.updated = desk_.next_version(self.updated);
  self.supernode = standpoint == Standpoint::supernode;
  self.capacity = self.supernode ? std::optional(desk_.settings.capacity) : std::nullopt;
  const Peer *primary = desk_.peers.find(desk_.primary);
  self.primary = primary == nullptr ? "" : primary->uuid;
  count_children();
  if (from == Standpoint::supernode && !self.supernode) {
    desk_.overlay.clear();
    records_.clear();
  }
  if (self.supernode) {
    childless_since_ = desk_.now;
    for (const NodeInfo &node : desk_.directory.supernodes()) desk_.overlay.know(node.uuid);
    for (const PeerId id : desk_.peers.ready_nodes()) link(*desk_.peers.find(id));
  }
  desk_.announce(Change::node, desk_.self());
  if (standpoint == Standpoint::child || self.supernode) {
    backoff_ = {};
    desk_.notice(Settled{});
  }
}

void Standing::count_children() {
  if (!desk_.supernode()) {
    desk_.settings.self.children.reset();
    return;
  }
  desk_.settings.self.children = static_cast<std::uint32_t>(desk_.peers.child_count());
}

void Standing::put_off(const Uuid &uuid) {
  if (uuid.empty()) return;
  if (put_off_.size() >= max_others * 32) put_off_.erase(put_off_.begin());
  put_off_[uuid] = desk_.now + desk_.settings.timeouts.refused;
}

bool Standing::put_off_now(const Uuid &uuid) const {
  const auto found = put_off_.find(uuid);
  return found != put_off_.end() && found->second > desk_.now;
}

// Addresses of the settings first, then supernodes by how near they were, then any node: it knows a
// supernode.
bool Standing::ask_more() {
  const auto busy = [&] { return candidates_.size() >= at_once; };
  for (const Address &address : desk_.settings.bootstrap) {
    if (busy()) return true;
    const auto settled = settled_at_.find(address);
    const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
    if (uuid == desk_.self() || put_off_now(uuid)) continue;
    if (!uuid.empty() && desk_.peers.socket(uuid, PeerState::connecting) != nullptr) {
      candidates_.insert(desk_.peers.socket(uuid, PeerState::connecting)->id);
      continue;
    }
    if (!tried_.insert(address).second) continue;
    const std::optional<PeerId> peer = connect(desk_, uuid, address);
    if (!peer) continue;
    candidates_.insert(*peer);
    at_[*peer] = address;
  }
  std::vector<NodeInfo> known = desk_.directory.supernodes();
  const auto doubt = [&](const NodeInfo &node) { return desk_.directory.doubtful(node.uuid); };
  // Whoever lost the same supernode as many others must not follow them all to one.
  for (std::size_t i = known.size(); i > 1; --i) std::swap(known[i - 1], known[desk_.rng.below(i)]);
  std::stable_partition(known.begin(), known.end(),
                        [&](const NodeInfo &node) { return backups_.contains(node.uuid); });
  std::stable_partition(known.begin(), known.end(), [&](const NodeInfo &node) { return !doubt(node); });
  if (known.empty())
    for (const Uuid &uuid : desk_.directory.some(at_once, desk_.rng.next()))
      known.push_back(*desk_.directory.node(uuid));
  for (const NodeInfo &node : known) {
    if (busy()) return true;
    if (put_off_now(node.uuid)) continue;
    const Peer *peer = desk_.peers.socket(node.uuid, PeerState::connecting);
    if (peer != nullptr) {
      if (!peer->child) candidates_.insert(peer->id);
      continue;
    }
    if (const auto id = connect(desk_, node.uuid, {node.ip_address, node.port})) candidates_.insert(*id);
  }
  return !candidates_.empty();
}

void Standing::seek() {
  if (desk_.leaving || standpoint_ == Standpoint::child || standpoint_ == Standpoint::registering) return;
  if (standpoint_ == Standpoint::supernode) {
    if (desk_.overlay.links().empty()) seek_others();
    return;
  }
  if (!ask_more()) return nobody();
  desk_.agenda.set({.due = Due::choose}, desk_.now + desk_.settings.timeouts.ask);
  for (const PeerId id : std::set(candidates_)) {
    const Peer *peer = desk_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) peer_ready(id);
  }
}

// Alone among supernodes: the settings may know others, and whoever was lost may be back.
void Standing::seek_others() {
  tried_.clear();
  put_off_.clear();  // there is nobody to ask instead
  ask_more();
  try_lost();
  if (desk_.settings.has_origin) desk_.emit(AskOrigin{});
  const Timeouts &timeouts = desk_.settings.timeouts;
  backoff_ = std::clamp(backoff_ * 2, timeouts.reconnect, timeouts.lost_again);
  const bool hope = !desk_.settings.bootstrap.empty() || desk_.settings.has_origin ||
                    desk_.directory.node_count() > 0 || desk_.directory.lost_one(0);
  if (hope) desk_.agenda.set({.due = Due::seek}, desk_.now + desk_.rng.jittered(backoff_));
}

void Standing::peer_ready(PeerId id) {
  Peer *peer = desk_.peers.find(id);
  if (peer == nullptr || peer->kind != PeerKind::node || peer->routed) return;
  if (const auto at = at_.find(id); at != at_.end()) settled_at_[at->second] = peer->uuid;
  if (peer->probing) {
    desk_.send(peer->for_whom, Probed{.reached = true});
    return desk_.drop(id, "probed");
  }
  if (standpoint_ == Standpoint::supernode) {
    candidates_.erase(id);
    if (peer->supernode) link(*peer);
    return;
  }
  if (!candidates_.contains(id)) return;
  if (!peer->supernode) {  // it has told us of others
    candidates_.erase(id);
    put_off(peer->uuid);
    let_go(id);
    desk_.agenda.set({.due = Due::seek}, desk_.now);
    return;
  }
  const bool all = std::all_of(candidates_.begin(), candidates_.end(), [&](PeerId other) {
    const Peer *candidate = desk_.peers.find(other);
    return candidate == nullptr || candidate->state == PeerState::ready;
  });
  const Time when = desk_.now + (all ? Time{} : desk_.settings.timeouts.choose);
  if (standpoint_ == Standpoint::seeking) desk_.agenda.set({.due = Due::choose}, when);
}

bool Standing::is_full(const Uuid &uuid) const {
  const NodeInfo *node = desk_.directory.node(uuid);
  return node != nullptr && node->children && node->capacity && *node->children >= *node->capacity;
}

// Whoever is nearest, of those that answered; the others are let go.
void Standing::choose() {
  if (standpoint_ == Standpoint::registering) {  // it does not answer
    const Peer *silent = desk_.peers.find(desk_.primary);
    if (silent != nullptr) put_off(silent->uuid);
    candidates_.erase(desk_.primary);
    desk_.primary = 0;
    enter(Standpoint::seeking);
  }
  if (standpoint_ != Standpoint::seeking) return;
  Peer *best = nullptr;
  for (const PeerId id : std::set(candidates_)) {
    Peer *peer = desk_.peers.find(id);
    if (peer == nullptr || peer->state != PeerState::ready) {  // slow
      if (peer != nullptr) put_off(peer->uuid);
      candidates_.erase(id);
      continue;
    }
    if (!peer->supernode || put_off_now(peer->uuid)) {
      put_off(peer->uuid);
      candidates_.erase(id);
      let_go(id);
      continue;
    }
    // Also a full one is asked, if all are: so it hears that there is no room, and makes some.
    const auto worth = [&](const Peer &one) { return std::pair(is_full(one.uuid), one.rtt.value_or(never)); };
    if (best == nullptr || worth(*peer) < worth(*best)) best = peer;
  }
  if (best == nullptr) return seek();
  standpoint_ = Standpoint::registering;
  desk_.primary = best->id;
  desk_.send(best->id, Register{});
  desk_.agenda.set({.due = Due::choose}, desk_.now + desk_.settings.timeouts.ask);
}

void Standing::registered(const Peer &peer, const Registered &registered) {
  if (standpoint_ != Standpoint::registering || desk_.primary != peer.id) return;
  backups_.clear();
  for (const NodeInfo &node : registered.others) {
    if (node.uuid == desk_.self() || backups_.size() >= max_others) continue;
    desk_.directory.learn(node, Heard::elsewhere);
    backups_.insert(node.uuid);
  }
  desk_.agenda.drop({.due = Due::choose});
  desk_.agenda.drop({.due = Due::seek});
  desk_.agenda.drop({.due = Due::promote});
  candidates_.erase(peer.id);
  release_candidates();
  tried_.clear();
  origin_asked_ = saw_full_ = false;
  enter(Standpoint::child);
  const NodeInfo *primary = desk_.directory.node(peer.uuid);
  if (!desk_.settings.upstream_bps && primary != nullptr)
    desk_.emit(MeasureBandwidth{.ip_address = primary->ip_address, .port = primary->port});
}

void Standing::full(const Peer &peer, const Full &full) {
  if (standpoint_ == Standpoint::child && desk_.primary == peer.id) {  // it has stepped down
    for (const NodeInfo &node : full.others) supernode_heard(node);
    return peer_gone({.peer = peer.id, .uuid = peer.uuid, .ready = true});
  }
  if (standpoint_ != Standpoint::registering || desk_.primary != peer.id) return;
  for (const NodeInfo &node : full.others) supernode_heard(node);
  saw_full_ = true;
  put_off(peer.uuid);
  candidates_.erase(peer.id);
  desk_.primary = 0;
  enter(Standpoint::seeking);
  if (!reached_ && probed_by_ == 0)
    probe_ask(peer.id);  // its answer is awaited
  else
    let_go(peer.id);
  choose();
}

// Whoever has nothing to give must not keep a place in somebody's sockets.
void Standing::let_go(PeerId id) {
  const Peer *peer = desk_.peers.find(id);
  if (peer == nullptr || !peer->outbound || id == desk_.primary || desk_.tickets.count(id) > 0) return;
  desk_.drop(id, "not needed");
}

void Standing::release_candidates() {
  at_.clear();
  for (const PeerId id : std::exchange(candidates_, {})) let_go(id);
}

// Everyone was asked. Where there are supernodes, one of them must have reached us before we become one.
void Standing::nobody() {
  const Timeouts &timeouts = desk_.settings.timeouts;
  tried_.clear();
  if (!saw_full_) put_off_.clear();  // there is nobody to ask instead
  if (desk_.settings.has_origin && !std::exchange(origin_asked_, true)) {
    desk_.emit(AskOrigin{});
    desk_.agenda.set({.due = Due::seek}, desk_.now + timeouts.origin);
    return;
  }
  origin_asked_ = false;
  const bool able = desk_.settings.role == Role::automatic && (reached_.value_or(!saw_full_));
  if (able && !desk_.agenda.has({.due = Due::promote})) {
    const auto span = static_cast<std::uint64_t>(timeouts.promote.count());
    const bool alone = !saw_full_ && desk_.directory.supernodes().empty() && desk_.settings.bootstrap.empty();
    const Time after = alone ? Time{} : Time{static_cast<Time::rep>(desk_.rng.below(span))};
    desk_.agenda.set({.due = Due::promote}, desk_.now + after);
  }
  // Where there are supernodes, room will come soon.
  backoff_ =
      std::clamp(backoff_ * 2, timeouts.reconnect, saw_full_ ? timeouts.refused : timeouts.last_reconnect);
  desk_.agenda.set({.due = Due::seek}, desk_.now + desk_.rng.jittered(backoff_));
}

void Standing::origin_heard() {
  if (standpoint_ == Standpoint::seeking && origin_asked_) seek();
  if (standpoint_ == Standpoint::supernode) tend();
}

void Standing::peer_gone(const PeerGone &gone) {
  const bool candidate = candidates_.erase(gone.peer) > 0;
  const auto at = at_.find(gone.peer);
  if (at != at_.end()) at_.erase(at);
  if (gone.routed) return;
  if (gone.peer == probed_by_) probed_by_ = 0;  // another will tell
  count_children();
  if (desk_.supernode()) {
    if (!gone.ready) put_off(gone.uuid);
    if (!gone.ready && desk_.directory.node(gone.uuid) == nullptr) desk_.overlay.forget(gone.uuid);
    if (desk_.peers.child_count() > 0) childless_since_ = desk_.now;
    if (desk_.overlay.links().empty() && !desk_.agenda.has({.due = Due::seek})) {
      backoff_ = {};
      desk_.agenda.set({.due = Due::seek}, desk_.now + desk_.rng.jittered(desk_.settings.timeouts.reconnect));
    }
    return;
  }
  if (gone.peer == desk_.primary) {
    desk_.primary = 0;
    put_off(gone.uuid);
    desk_.agenda.drop({.due = Due::choose});
    enter(Standpoint::seeking);
    const auto span = static_cast<std::uint64_t>(desk_.settings.timeouts.first_retry.count());
    desk_.agenda.set({.due = Due::seek}, desk_.now + Time{static_cast<Time::rep>(desk_.rng.below(span))});
  } else if (candidate && standpoint_ == Standpoint::seeking) {
    put_off(gone.uuid);
    if (candidates_.empty()) {
      desk_.agenda.drop({.due = Due::choose});
      desk_.agenda.set({.due = Due::seek}, desk_.now);
    }
  }
}

void Standing::met_itself(PeerId peer) {
  if (const auto at = at_.find(peer); at != at_.end()) settled_at_[at->second] = desk_.self();
}

}  // namespace astral::core
