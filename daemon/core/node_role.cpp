// SPDX-License-Identifier: BSD-3-Clause
// How a node finds its supernode, or becomes one. What a supernode does for others is in
// node_role_supernode.cpp.
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
  for (const NodeInfo &node : node_.settings.remembered)
    if (node.uuid != node_.self()) directory_.learn(node, Heard::elsewhere);
  if (node_.settings.role == Role::supernode) {
    reached_ = true;
    enter(RoleState::supernode);
  }
  seek();
}

void NodeRole::enter(RoleState state) {
  const RoleState from = std::exchange(state_, state);
  NodeInfo &self = node_.settings.self;
  if (self.supernode != (state == RoleState::supernode))  // newer than what we said before
    self.updated = node_.next_version(self.updated);
  self.supernode = state == RoleState::supernode;
  self.capacity = self.supernode ? std::optional(node_.settings.capacity) : std::nullopt;
  const Peer *primary = sessions_.peers.find(sessions_.primary);
  self.primary = primary == nullptr ? "" : primary->uuid;
  count_children();
  if (from == RoleState::supernode && !self.supernode) {
    sessions_.overlay.clear();
    records_.clear();
  }
  if (self.supernode) {
    childless_since_ = node_.now;
    for (const NodeInfo &node : directory_.supernodes()) sessions_.overlay.know(node.uuid);
    for (const PeerId id : sessions_.peers.ready_nodes()) link(*sessions_.peers.find(id));
  }
  outbox_.announce(Change::node, node_.self());
  if (state == RoleState::child || self.supernode) {
    backoff_ = {};
    outbox_.post(Settled{});
  }
}

void NodeRole::count_children() {
  if (!node_.supernode()) {
    node_.settings.self.children.reset();
    return;
  }
  node_.settings.self.children = static_cast<std::uint32_t>(sessions_.peers.child_count());
}

void NodeRole::put_off(const Uuid &uuid) {
  if (uuid.empty()) return;
  if (put_off_.size() >= max_others * 32) put_off_.erase(put_off_.begin());
  put_off_[uuid] = node_.now + node_.settings.timeouts.refused;
}

bool NodeRole::put_off_now(const Uuid &uuid) const {
  const auto found = put_off_.find(uuid);
  return found != put_off_.end() && found->second > node_.now;
}

// Connects to more candidates: addresses of the settings first, then known supernodes, then any node, which
// may know a supernode. False: there is no candidate.
bool NodeRole::ask_more() {
  const auto busy = [&] { return candidates_.size() >= at_once; };
  for (const Address &address : node_.settings.bootstrap) {
    if (busy()) return true;
    const auto settled = settled_at_.find(address);
    const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
    if (uuid == node_.self() || put_off_now(uuid)) continue;
    if (!uuid.empty() && sessions_.peers.socket(uuid, PeerState::connecting) != nullptr) {
      candidates_.insert(sessions_.peers.socket(uuid, PeerState::connecting)->id);
      continue;
    }
    if (!tried_.insert(address).second) continue;
    const std::optional<PeerId> peer = sessions_.connect(uuid, address);
    if (!peer) continue;
    candidates_.insert(*peer);
    at_[*peer] = address;
  }
  std::vector<NodeInfo> known = directory_.supernodes();
  const auto doubt = [&](const NodeInfo &node) { return directory_.doubtful(node.uuid); };
  // Nodes that lost the same supernode must not all turn to the same next one.
  for (std::size_t i = known.size(); i > 1; --i) std::swap(known[i - 1], known[rng_.below(i)]);
  std::stable_partition(known.begin(), known.end(),
                        [&](const NodeInfo &node) { return backups_.contains(node.uuid); });
  std::stable_partition(known.begin(), known.end(), [&](const NodeInfo &node) { return !doubt(node); });
  if (known.empty())
    for (const Uuid &uuid : directory_.some(at_once, rng_.next())) known.push_back(*directory_.node(uuid));
  for (const NodeInfo &node : known) {
    if (busy()) return true;
    if (put_off_now(node.uuid)) continue;
    const Peer *peer = sessions_.peers.socket(node.uuid, PeerState::connecting);
    if (peer != nullptr) {
      if (!peer->child) candidates_.insert(peer->id);
      continue;
    }
    if (const auto id = sessions_.connect(node.uuid, {node.ip_address, node.port})) candidates_.insert(*id);
  }
  return !candidates_.empty();
}

void NodeRole::seek() {
  if (node_.leaving || state_ == RoleState::child || state_ == RoleState::registering) return;
  if (state_ == RoleState::supernode) {
    if (sessions_.overlay.links().empty()) seek_others();
    return;
  }
  if (!ask_more()) return nobody();
  timers_.set({.kind = TimerKind::choose}, node_.now + node_.settings.timeouts.ask);
  for (const PeerId id : std::set(candidates_)) {
    const Peer *peer = sessions_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) peer_ready(id);
  }
}

// A supernode without a link to another one: the settings may name others, and a lost one may be back.
void NodeRole::seek_others() {
  tried_.clear();
  put_off_.clear();  // there is nobody else to ask
  ask_more();
  try_lost();
  if (node_.settings.has_origin) outbox_.emit(AskOrigin{});
  const Timeouts &timeouts = node_.settings.timeouts;
  backoff_ = std::clamp(backoff_ * 2, timeouts.reconnect, timeouts.lost_again);
  const bool hope = !node_.settings.bootstrap.empty() || node_.settings.has_origin ||
                    directory_.node_count() > 0 || directory_.lost_one(0);
  if (hope) timers_.set({.kind = TimerKind::seek}, node_.now + rng_.jittered(backoff_));
}

void NodeRole::peer_ready(PeerId id) {
  Peer *peer = sessions_.peers.find(id);
  if (peer == nullptr || peer->kind != PeerKind::node || peer->routed) return;
  if (const auto at = at_.find(id); at != at_.end()) settled_at_[at->second] = peer->uuid;
  if (peer->probing) {
    sessions_.send(peer->for_whom, Probed{.reached = true});
    return sessions_.drop(id, "probed");
  }
  if (state_ == RoleState::supernode) {
    candidates_.erase(id);
    if (peer->supernode) link(*peer);
    return;
  }
  if (!candidates_.contains(id)) return;
  if (!peer->supernode) {  // no supernode: its welcome named some
    candidates_.erase(id);
    put_off(peer->uuid);
    let_go(id);
    timers_.set({.kind = TimerKind::seek}, node_.now);
    return;
  }
  const bool all = std::all_of(candidates_.begin(), candidates_.end(), [&](PeerId other) {
    const Peer *candidate = sessions_.peers.find(other);
    return candidate == nullptr || candidate->state == PeerState::ready;
  });
  const Time when = node_.now + (all ? Time{} : node_.settings.timeouts.choose);
  if (state_ == RoleState::seeking) timers_.set({.kind = TimerKind::choose}, when);
}

bool NodeRole::is_full(const Uuid &uuid) const {
  const NodeInfo *node = directory_.node(uuid);
  return node != nullptr && node->children && node->capacity && *node->children >= *node->capacity;
}

// Registers with the nearest of the candidates that answered.
void NodeRole::choose() {
  if (state_ == RoleState::registering) {  // the supernode that we asked does not answer
    const Peer *silent = sessions_.peers.find(sessions_.primary);
    if (silent != nullptr) put_off(silent->uuid);
    candidates_.erase(sessions_.primary);
    sessions_.primary = 0;
    enter(RoleState::seeking);
  }
  if (state_ != RoleState::seeking) return;
  Peer *best = nullptr;
  for (const PeerId id : std::set(candidates_)) {
    Peer *peer = sessions_.peers.find(id);
    if (peer == nullptr || peer->state != PeerState::ready) {  // it has not answered yet
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
    // If all are full, a full one is asked: it learns that room is needed, and summons a child.
    const auto worth = [&](const Peer &one) { return std::pair(is_full(one.uuid), one.rtt.value_or(never)); };
    if (best == nullptr || worth(*peer) < worth(*best)) best = peer;
  }
  if (best == nullptr) return seek();
  state_ = RoleState::registering;
  sessions_.primary = best->id;
  sessions_.send(best->id, Register{});
  timers_.set({.kind = TimerKind::choose}, node_.now + node_.settings.timeouts.ask);
}

void NodeRole::registered(const Peer &peer, const Registered &registered) {
  if (state_ != RoleState::registering || sessions_.primary != peer.id) return;
  backups_.clear();
  for (const NodeInfo &node : registered.others) {
    if (node.uuid == node_.self() || backups_.size() >= max_others) continue;
    directory_.learn(node, Heard::elsewhere);
    backups_.insert(node.uuid);
  }
  timers_.drop({.kind = TimerKind::choose});
  timers_.drop({.kind = TimerKind::seek});
  timers_.drop({.kind = TimerKind::promote});
  candidates_.erase(peer.id);
  release_candidates();
  tried_.clear();
  origin_asked_ = saw_full_ = false;
  enter(RoleState::child);
  const NodeInfo *primary = directory_.node(peer.uuid);
  if (!node_.settings.upstream_bps && primary != nullptr)
    outbox_.emit(MeasureBandwidth{.ip_address = primary->ip_address, .port = primary->port});
}

void NodeRole::full(const Peer &peer, const Full &full) {
  if (state_ == RoleState::child && sessions_.primary == peer.id) {  // our supernode stepped down
    for (const NodeInfo &node : full.others) supernode_heard(node);
    return peer_gone({.peer = peer.id, .uuid = peer.uuid, .ready = true});
  }
  if (state_ != RoleState::registering || sessions_.primary != peer.id) return;
  for (const NodeInfo &node : full.others) supernode_heard(node);
  saw_full_ = true;
  put_off(peer.uuid);
  candidates_.erase(peer.id);
  sessions_.primary = 0;
  enter(RoleState::seeking);
  if (!reached_ && probed_by_ == 0)
    probe_ask(peer.id);  // the session stays until it answers
  else
    let_go(peer.id);
  choose();
}

// A session that is of no use must not take a place among the other node's sockets.
void NodeRole::let_go(PeerId id) {
  const Peer *peer = sessions_.peers.find(id);
  if (peer == nullptr || !peer->outbound || id == sessions_.primary || tickets_.count(id) > 0) return;
  sessions_.drop(id, "not needed");
}

void NodeRole::release_candidates() {
  at_.clear();
  for (const PeerId id : std::exchange(candidates_, {})) let_go(id);
}

// All candidates were asked. If there are supernodes, one of them must have reached us before we become one.
void NodeRole::nobody() {
  const Timeouts &timeouts = node_.settings.timeouts;
  tried_.clear();
  if (!saw_full_) put_off_.clear();  // there is nobody else to ask
  if (node_.settings.has_origin && !std::exchange(origin_asked_, true)) {
    outbox_.emit(AskOrigin{});
    timers_.set({.kind = TimerKind::seek}, node_.now + timeouts.origin);
    return;
  }
  origin_asked_ = false;
  const bool able = node_.settings.role == Role::automatic && (reached_.value_or(!saw_full_));
  if (able && !timers_.has({.kind = TimerKind::promote})) {
    const auto span = static_cast<std::uint64_t>(timeouts.promote.count());
    const bool alone = !saw_full_ && directory_.supernodes().empty() && node_.settings.bootstrap.empty();
    const Time after = alone ? Time{} : Time{static_cast<Time::rep>(rng_.below(span))};
    timers_.set({.kind = TimerKind::promote}, node_.now + after);
  }
  // If there are supernodes, there will be room soon.
  backoff_ =
      std::clamp(backoff_ * 2, timeouts.reconnect, saw_full_ ? timeouts.refused : timeouts.last_reconnect);
  timers_.set({.kind = TimerKind::seek}, node_.now + rng_.jittered(backoff_));
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
  if (gone.peer == probed_by_) probed_by_ = 0;  // another peer will try
  count_children();
  if (node_.supernode()) {
    if (!gone.ready) put_off(gone.uuid);
    if (!gone.ready && directory_.node(gone.uuid) == nullptr) sessions_.overlay.forget(gone.uuid);
    if (sessions_.peers.child_count() > 0) childless_since_ = node_.now;
    if (sessions_.overlay.links().empty() && !timers_.has({.kind = TimerKind::seek})) {
      backoff_ = {};
      timers_.set({.kind = TimerKind::seek}, node_.now + rng_.jittered(node_.settings.timeouts.reconnect));
    }
    return;
  }
  if (gone.peer == sessions_.primary) {
    sessions_.primary = 0;
    put_off(gone.uuid);
    timers_.drop({.kind = TimerKind::choose});
    enter(RoleState::seeking);
    const auto span = static_cast<std::uint64_t>(node_.settings.timeouts.first_retry.count());
    timers_.set({.kind = TimerKind::seek}, node_.now + Time{static_cast<Time::rep>(rng_.below(span))});
  } else if (candidate && state_ == RoleState::seeking) {
    put_off(gone.uuid);
    if (candidates_.empty()) {
      timers_.drop({.kind = TimerKind::choose});
      timers_.set({.kind = TimerKind::seek}, node_.now);
    }
  }
}

void NodeRole::met_itself(PeerId peer) {
  if (const auto at = at_.find(peer); at != at_.end()) settled_at_[at->second] = node_.self();
}

}  // namespace astral::core
