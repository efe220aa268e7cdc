// SPDX-License-Identifier: BSD-3-Clause
// The way to a place in the network. What a supernode does for others is in standing_supernode.cpp.
#include "core/node_role.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/routes.hpp"

namespace astral::core {
namespace {

constexpr std::size_t at_once = 3;  // candidates

}  // namespace

void NodeRole::start() {
  for (const NodeInfo &node : context_.settings.remembered)
    if (node.uuid != context_.self()) context_.directory.learn(node, Heard::elsewhere);
  if (context_.settings.role == Role::supernode) {
    reached_ = true;
    enter(RoleState::supernode);
  }
  seek();
}

void NodeRole::enter(RoleState state) {
  const RoleState from = std::exchange(state_, state);
  NodeInfo &self = context_.settings.self;
  if (self.supernode != (state == RoleState::supernode))  // news that are newer than the old ones
    self.updated = context_.next_version(self.updated);
  self.supernode = state == RoleState::supernode;
  self.capacity = self.supernode ? std::optional(context_.settings.capacity) : std::nullopt;
  const Peer *primary = context_.peers.find(context_.primary);
  self.primary = primary == nullptr ? "" : primary->uuid;
  count_children();
  if (from == RoleState::supernode && !self.supernode) {
    context_.overlay.clear();
    records_.clear();
  }
  if (self.supernode) {
    childless_since_ = context_.now;
    for (const NodeInfo &node : context_.directory.supernodes()) context_.overlay.know(node.uuid);
    for (const PeerId id : context_.peers.ready_nodes()) link(*context_.peers.find(id));
  }
  context_.announce(Change::node, context_.self());
  if (state == RoleState::child || self.supernode) {
    backoff_ = {};
    context_.post(Settled{});
  }
}

void NodeRole::count_children() {
  if (!context_.supernode()) {
    context_.settings.self.children.reset();
    return;
  }
  context_.settings.self.children = static_cast<std::uint32_t>(context_.peers.child_count());
}

void NodeRole::put_off(const Uuid &uuid) {
  if (uuid.empty()) return;
  if (put_off_.size() >= max_others * 32) put_off_.erase(put_off_.begin());
  put_off_[uuid] = context_.now + context_.settings.timeouts.refused;
}

bool NodeRole::put_off_now(const Uuid &uuid) const {
  const auto found = put_off_.find(uuid);
  return found != put_off_.end() && found->second > context_.now;
}

// Addresses of the settings first, then supernodes by how near they were, then any node: it knows a
// supernode.
bool NodeRole::ask_more() {
  const auto busy = [&] { return candidates_.size() >= at_once; };
  for (const Address &address : context_.settings.bootstrap) {
    if (busy()) return true;
    const auto settled = settled_at_.find(address);
    const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
    if (uuid == context_.self() || put_off_now(uuid)) continue;
    if (!uuid.empty() && context_.peers.socket(uuid, PeerState::connecting) != nullptr) {
      candidates_.insert(context_.peers.socket(uuid, PeerState::connecting)->id);
      continue;
    }
    if (!tried_.insert(address).second) continue;
    const std::optional<PeerId> peer = connect(context_, uuid, address);
    if (!peer) continue;
    candidates_.insert(*peer);
    at_[*peer] = address;
  }
  std::vector<NodeInfo> known = context_.directory.supernodes();
  const auto doubt = [&](const NodeInfo &node) { return context_.directory.doubtful(node.uuid); };
  // Whoever lost the same supernode as many others must not follow them all to one.
  for (std::size_t i = known.size(); i > 1; --i) std::swap(known[i - 1], known[context_.rng.below(i)]);
  std::stable_partition(known.begin(), known.end(),
                        [&](const NodeInfo &node) { return backups_.contains(node.uuid); });
  std::stable_partition(known.begin(), known.end(), [&](const NodeInfo &node) { return !doubt(node); });
  if (known.empty())
    for (const Uuid &uuid : context_.directory.some(at_once, context_.rng.next()))
      known.push_back(*context_.directory.node(uuid));
  for (const NodeInfo &node : known) {
    if (busy()) return true;
    if (put_off_now(node.uuid)) continue;
    const Peer *peer = context_.peers.socket(node.uuid, PeerState::connecting);
    if (peer != nullptr) {
      if (!peer->child) candidates_.insert(peer->id);
      continue;
    }
    if (const auto id = connect(context_, node.uuid, {node.ip_address, node.port})) candidates_.insert(*id);
  }
  return !candidates_.empty();
}

void NodeRole::seek() {
  if (context_.leaving || state_ == RoleState::child || state_ == RoleState::registering) return;
  if (state_ == RoleState::supernode) {
    if (context_.overlay.links().empty()) seek_others();
    return;
  }
  if (!ask_more()) return nobody();
  context_.timers.set({.kind = TimerKind::choose}, context_.now + context_.settings.timeouts.ask);
  for (const PeerId id : std::set(candidates_)) {
    const Peer *peer = context_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) peer_ready(id);
  }
}

// Alone among supernodes: the settings may know others, and whoever was lost may be back.
void NodeRole::seek_others() {
  tried_.clear();
  put_off_.clear();  // there is nobody to ask instead
  ask_more();
  try_lost();
  if (context_.settings.has_origin) context_.emit(AskOrigin{});
  const Timeouts &timeouts = context_.settings.timeouts;
  backoff_ = std::clamp(backoff_ * 2, timeouts.reconnect, timeouts.lost_again);
  const bool hope = !context_.settings.bootstrap.empty() || context_.settings.has_origin ||
                    context_.directory.node_count() > 0 || context_.directory.lost_one(0);
  if (hope) context_.timers.set({.kind = TimerKind::seek}, context_.now + context_.rng.jittered(backoff_));
}

void NodeRole::peer_ready(PeerId id) {
  Peer *peer = context_.peers.find(id);
  if (peer == nullptr || peer->kind != PeerKind::node || peer->routed) return;
  if (const auto at = at_.find(id); at != at_.end()) settled_at_[at->second] = peer->uuid;
  if (peer->probing) {
    context_.send(peer->for_whom, Probed{.reached = true});
    return context_.drop(id, "probed");
  }
  if (state_ == RoleState::supernode) {
    candidates_.erase(id);
    if (peer->supernode) link(*peer);
    return;
  }
  if (!candidates_.contains(id)) return;
  if (!peer->supernode) {  // it has told us of others
    candidates_.erase(id);
    put_off(peer->uuid);
    let_go(id);
    context_.timers.set({.kind = TimerKind::seek}, context_.now);
    return;
  }
  const bool all = std::all_of(candidates_.begin(), candidates_.end(), [&](PeerId other) {
    const Peer *candidate = context_.peers.find(other);
    return candidate == nullptr || candidate->state == PeerState::ready;
  });
  const Time when = context_.now + (all ? Time{} : context_.settings.timeouts.choose);
  if (state_ == RoleState::seeking) context_.timers.set({.kind = TimerKind::choose}, when);
}

bool NodeRole::is_full(const Uuid &uuid) const {
  const NodeInfo *node = context_.directory.node(uuid);
  return node != nullptr && node->children && node->capacity && *node->children >= *node->capacity;
}

// Whoever is nearest, of those that answered; the others are let go.
void NodeRole::choose() {
  if (state_ == RoleState::registering) {  // it does not answer
    const Peer *silent = context_.peers.find(context_.primary);
    if (silent != nullptr) put_off(silent->uuid);
    candidates_.erase(context_.primary);
    context_.primary = 0;
    enter(RoleState::seeking);
  }
  if (state_ != RoleState::seeking) return;
  Peer *best = nullptr;
  for (const PeerId id : std::set(candidates_)) {
    Peer *peer = context_.peers.find(id);
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
  state_ = RoleState::registering;
  context_.primary = best->id;
  context_.send(best->id, Register{});
  context_.timers.set({.kind = TimerKind::choose}, context_.now + context_.settings.timeouts.ask);
}

void NodeRole::registered(const Peer &peer, const Registered &registered) {
  if (state_ != RoleState::registering || context_.primary != peer.id) return;
  backups_.clear();
  for (const NodeInfo &node : registered.others) {
    if (node.uuid == context_.self() || backups_.size() >= max_others) continue;
    context_.directory.learn(node, Heard::elsewhere);
    backups_.insert(node.uuid);
  }
  context_.timers.drop({.kind = TimerKind::choose});
  context_.timers.drop({.kind = TimerKind::seek});
  context_.timers.drop({.kind = TimerKind::promote});
  candidates_.erase(peer.id);
  release_candidates();
  tried_.clear();
  origin_asked_ = saw_full_ = false;
  enter(RoleState::child);
  const NodeInfo *primary = context_.directory.node(peer.uuid);
  if (!context_.settings.upstream_bps && primary != nullptr)
    context_.emit(MeasureBandwidth{.ip_address = primary->ip_address, .port = primary->port});
}

void NodeRole::full(const Peer &peer, const Full &full) {
  if (state_ == RoleState::child && context_.primary == peer.id) {  // it has stepped down
    for (const NodeInfo &node : full.others) supernode_heard(node);
    return peer_gone({.peer = peer.id, .uuid = peer.uuid, .ready = true});
  }
  if (state_ != RoleState::registering || context_.primary != peer.id) return;
  for (const NodeInfo &node : full.others) supernode_heard(node);
  saw_full_ = true;
  put_off(peer.uuid);
  candidates_.erase(peer.id);
  context_.primary = 0;
  enter(RoleState::seeking);
  if (!reached_ && probed_by_ == 0)
    probe_ask(peer.id);  // its answer is awaited
  else
    let_go(peer.id);
  choose();
}

// Whoever has nothing to give must not keep a place in somebody's sockets.
void NodeRole::let_go(PeerId id) {
  const Peer *peer = context_.peers.find(id);
  if (peer == nullptr || !peer->outbound || id == context_.primary || context_.tickets.count(id) > 0) return;
  context_.drop(id, "not needed");
}

void NodeRole::release_candidates() {
  at_.clear();
  for (const PeerId id : std::exchange(candidates_, {})) let_go(id);
}

// Everyone was asked. Where there are supernodes, one of them must have reached us before we become one.
void NodeRole::nobody() {
  const Timeouts &timeouts = context_.settings.timeouts;
  tried_.clear();
  if (!saw_full_) put_off_.clear();  // there is nobody to ask instead
  if (context_.settings.has_origin && !std::exchange(origin_asked_, true)) {
    context_.emit(AskOrigin{});
    context_.timers.set({.kind = TimerKind::seek}, context_.now + timeouts.origin);
    return;
  }
  origin_asked_ = false;
  const bool able = context_.settings.role == Role::automatic && (reached_.value_or(!saw_full_));
  if (able && !context_.timers.has({.kind = TimerKind::promote})) {
    const auto span = static_cast<std::uint64_t>(timeouts.promote.count());
    const bool alone =
        !saw_full_ && context_.directory.supernodes().empty() && context_.settings.bootstrap.empty();
    const Time after = alone ? Time{} : Time{static_cast<Time::rep>(context_.rng.below(span))};
    context_.timers.set({.kind = TimerKind::promote}, context_.now + after);
  }
  // Where there are supernodes, room will come soon.
  backoff_ =
      std::clamp(backoff_ * 2, timeouts.reconnect, saw_full_ ? timeouts.refused : timeouts.last_reconnect);
  context_.timers.set({.kind = TimerKind::seek}, context_.now + context_.rng.jittered(backoff_));
}

void NodeRole::origin_heard() {
  if (state_ == RoleState::seeking && origin_asked_) seek();
  if (state_ == RoleState::supernode) tend();
}

void NodeRole::peer_gone(const PeerGone &gone) {
  const bool candidate = candidates_.erase(gone.peer) > 0;
  const auto at = at_.find(gone.peer);
  if (at != at_.end()) at_.erase(at);
  if (gone.routed) return;
  if (gone.peer == probed_by_) probed_by_ = 0;  // another will tell
  count_children();
  if (context_.supernode()) {
    if (!gone.ready) put_off(gone.uuid);
    if (!gone.ready && context_.directory.node(gone.uuid) == nullptr) context_.overlay.forget(gone.uuid);
    if (context_.peers.child_count() > 0) childless_since_ = context_.now;
    if (context_.overlay.links().empty() && !context_.timers.has({.kind = TimerKind::seek})) {
      backoff_ = {};
      context_.timers.set({.kind = TimerKind::seek},
                          context_.now + context_.rng.jittered(context_.settings.timeouts.reconnect));
    }
    return;
  }
  if (gone.peer == context_.primary) {
    context_.primary = 0;
    put_off(gone.uuid);
    context_.timers.drop({.kind = TimerKind::choose});
    enter(RoleState::seeking);
    const auto span = static_cast<std::uint64_t>(context_.settings.timeouts.first_retry.count());
    context_.timers.set({.kind = TimerKind::seek},
                        context_.now + Time{static_cast<Time::rep>(context_.rng.below(span))});
  } else if (candidate && state_ == RoleState::seeking) {
    put_off(gone.uuid);
    if (candidates_.empty()) {
      context_.timers.drop({.kind = TimerKind::choose});
      context_.timers.set({.kind = TimerKind::seek}, context_.now);
    }
  }
}

void NodeRole::met_itself(PeerId peer) {
  if (const auto at = at_.find(peer); at != at_.end()) settled_at_[at->second] = context_.self();
}

}  // namespace astral::core
