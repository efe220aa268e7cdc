// SPDX-License-Identifier: BSD-3-Clause
// How a node finds its supernode, or becomes one. What a supernode does for others is in
// node_role_supernode.cpp, how the child of an origin finds another supernode in node_role_origin.cpp.
#include "core/node_role.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/network.hpp"
#include "core/routes.hpp"

namespace astral::core {
namespace {

constexpr std::size_t at_once = 3;  // candidates

}  // namespace

void NodeRole::start() {
  for (const NodeInfo &node : node_.settings.remembered)
    if (node.uuid != node_.self()) {
      directory_.learn(node, Heard::elsewhere);
      directory_.vouch(node.uuid);
    }
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
  if (standing_.is_avoided(uuid, node_.now)) return true;
  const auto found = put_off_.find(uuid);
  return found != put_off_.end() && found->second > node_.now;
}

void NodeRole::ask_at(const Address &address) {
  const auto settled = settled_at_.find(address);
  const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
  if (uuid == node_.self() || put_off_now(uuid)) return;
  const Peer *known = uuid.empty() ? nullptr : sessions_.peers.socket(uuid, PeerState::connecting);
  if (known != nullptr) {
    if (known->id != sessions_.primary) candidates_.insert(known->id);
    return;
  }
  if (!tried_.insert(address).second) return;
  const std::optional<PeerId> peer = sessions_.connect(uuid, address);
  if (!peer) return;
  candidates_.insert(*peer);
  at_[*peer] = address;
}

void NodeRole::ask_node(const NodeInfo &node) {
  if (put_off_now(node.uuid)) return;
  const Peer *peer = sessions_.peers.socket(node.uuid, PeerState::connecting);
  if (peer != nullptr) {
    if (!peer->child) candidates_.insert(peer->id);
    return;
  }
  if (const auto id = sessions_.connect_named(node.uuid, {node.ip_address, node.port}))
    candidates_.insert(*id);
}

// Connects to more candidates: addresses of the settings first, then known supernodes, then any node, which
// may know a supernode. Origins are none of these. False: there is no candidate.
bool NodeRole::ask_more() {
  const auto busy = [&] { return candidates_.size() >= at_once; };
  for (const Address &address : node_.settings.bootstrap) {
    if (busy()) return true;
    ask_at(address);
  }
  std::vector<NodeInfo> known = directory_.supernodes();
  std::erase_if(known, [](const NodeInfo &node) { return node.origin; });
  const auto doubt = [&](const NodeInfo &node) {
    return directory_.doubtful(node.uuid) || !may_dial(node_.settings.self.families, node.ip_address);
  };
  // Nodes that lost the same supernode must not all turn to the same next one.
  for (std::size_t i = known.size(); i > 1; --i) std::swap(known[i - 1], known[rng_.below(i)]);
  std::stable_partition(known.begin(), known.end(),
                        [&](const NodeInfo &node) { return backups_.contains(node.uuid); });
  std::stable_partition(known.begin(), known.end(), [&](const NodeInfo &node) { return !doubt(node); });
  if (known.empty() && state_ != RoleState::child)
    for (const Uuid &uuid : directory_.some(at_once, rng_.next()))
      if (!is_origin(uuid)) known.push_back(*directory_.node(uuid));
  for (const NodeInfo &node : known) {
    if (busy()) return true;
    ask_node(node);
  }
  return !candidates_.empty();
}

void NodeRole::seek() {
  if (node_.leaving || state_ == RoleState::registering) return;
  if (state_ == RoleState::child) return look();
  if (state_ == RoleState::supernode) {
    if (sessions_.overlay.links().empty()) seek_others();
    return;
  }
  if (!ask_more()) return nobody();
  choose_soon();
}

void NodeRole::choose_soon() {
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
  ask_origins();
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
  if (peer->probing) return reached(*peer);
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
    if (state_ != RoleState::child)
      timers_.set({.kind = TimerKind::seek}, node_.now);
    else if (candidates_.empty())
      stay();
    return;
  }
  const bool all = std::all_of(candidates_.begin(), candidates_.end(), [&](PeerId other) {
    const Peer *candidate = sessions_.peers.find(other);
    return candidate == nullptr || candidate->state == PeerState::ready;
  });
  const Time when = node_.now + (all ? Time{} : node_.settings.timeouts.choose);
  if (state_ == RoleState::seeking || (state_ == RoleState::child && asked_ == 0))
    timers_.set({.kind = TimerKind::choose}, when);
}

bool NodeRole::is_full(const Uuid &uuid) const {
  const NodeInfo *node = directory_.node(uuid);
  return node != nullptr && node->children && node->capacity && *node->children >= *node->capacity;
}

// Registers with the nearest of the candidates that answered. The child of an origin moves to it.
void NodeRole::choose() {
  if (state_ == RoleState::registering) {  // the supernode that we asked does not answer
    const Peer *silent = sessions_.peers.find(sessions_.primary);
    if (silent != nullptr) put_off(silent->uuid);
    candidates_.erase(sessions_.primary);
    sessions_.primary = 0;
    enter(RoleState::seeking);
  }
  if (asked_ != 0) {  // the same, for a child of an origin
    const Peer *silent = sessions_.peers.find(asked_);
    if (silent != nullptr) put_off(silent->uuid);
    candidates_.erase(asked_);
    let_go(std::exchange(asked_, 0));
  }
  if (state_ != RoleState::seeking && !under_origin()) return;
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
  if (best == nullptr) return state_ == RoleState::child ? stay() : seek();
  if (state_ == RoleState::child) {
    asked_ = best->id;
  } else {
    state_ = RoleState::registering;
    sessions_.primary = best->id;
  }
  sessions_.send(best->id, Register{});
  timers_.set({.kind = TimerKind::choose}, node_.now + node_.settings.timeouts.ask);
}

void NodeRole::move_to(PeerId supernode) {
  const Peer *peer = sessions_.peers.find(supernode);
  if (state_ != RoleState::child || asked_ != 0 || node_.leaving || peer == nullptr) return;
  if (peer->state != PeerState::ready || !peer->supernode || supernode == sessions_.primary) return;
  asked_ = supernode;
  sessions_.send(supernode, Register{});
  timers_.set({.kind = TimerKind::choose}, node_.now + node_.settings.timeouts.ask);
}

void NodeRole::registered(const Peer &peer, const Registered &registered) {
  const bool moves = state_ == RoleState::child && asked_ == peer.id;
  if (!moves && (state_ != RoleState::registering || sessions_.primary != peer.id)) return;
  asked_ = 0;
  const PeerId before = std::exchange(sessions_.primary, peer.id);
  if (sessions_.detour == peer.id) sessions_.detour = 0;
  backups_.clear();
  for (const NodeInfo &node : registered.others) {
    if (node.uuid == node_.self() || backups_.size() >= max_others) continue;
    directory_.learn(node, Heard::elsewhere);
    if (are_neighbours(peer.address, node.ip_address)) directory_.vouch(node.uuid);
    backups_.insert(node.uuid);
  }
  timers_.drop({.kind = TimerKind::choose});
  timers_.drop({.kind = TimerKind::seek});
  timers_.drop({.kind = TimerKind::promote});
  candidates_.erase(peer.id);
  release_candidates();
  tried_.clear();
  resort_ = Resort::none;
  saw_full_ = false;
  primary_is_origin_ = is_origin(peer.uuid);
  enter(RoleState::child);
  if (moves) sessions_.send(before, Unregister{});  // what others sent us through it still arrives
  if (under_origin()) {
    if (!reached_) probe_ask(peer.id);
    look_soon();
  }
}

void NodeRole::full(const Peer &peer, const Full &full) {
  if (state_ == RoleState::child && sessions_.primary == peer.id) {  // our supernode stepped down
    for (const NodeInfo &node : full.others) supernode_heard(node);
    return peer_gone({.peer = peer.id, .uuid = peer.uuid, .ready = true});
  }
  const bool moves = state_ == RoleState::child && asked_ == peer.id;
  if (!moves && (state_ != RoleState::registering || sessions_.primary != peer.id)) return;
  for (const NodeInfo &node : full.others) {
    supernode_heard(node);
    if (are_neighbours(peer.address, node.ip_address)) directory_.vouch(node.uuid);
  }
  saw_full_ = true;
  put_off(peer.uuid);
  candidates_.erase(peer.id);
  if (moves) {
    asked_ = 0;
    if (!reached_ && probed_by_ == 0)
      probe_ask(peer.id);
    else
      let_go(peer.id);
    return choose();
  }
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
  if (sessions_.witnesses.contains(id) || sessions_.detour == id) return;  // messages go through it
  sessions_.drop(id, "not needed");
}

void NodeRole::release_candidates() {
  at_.clear();
  for (const PeerId id : std::exchange(candidates_, {})) let_go(id);
}

// All candidates were asked. If there are supernodes, one of them must have reached us before we become one.
void NodeRole::nobody() {
  const Timeouts &timeouts = node_.settings.timeouts;
  const Resort last = node_.settings.has_origin ? Resort::lists : Resort::none;
  if (resort_ == last && ask_origins()) {
    resort_ = Resort::origin;
    return choose_soon();
  }
  tried_.clear();
  if (!saw_full_) put_off_.clear();  // there is nobody else to ask
  if (node_.settings.has_origin && resort_ == Resort::none) {
    resort_ = Resort::lists;
    outbox_.emit(AskOrigin{});
    timers_.set({.kind = TimerKind::seek}, node_.now + timeouts.origin);
    return;
  }
  resort_ = Resort::none;
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
  if (state_ == RoleState::seeking && resort_ == Resort::lists) seek();
  if (state_ == RoleState::supernode) tend();
}

void NodeRole::peer_gone(const PeerGone &gone) {
  const bool candidate = candidates_.erase(gone.peer) > 0;
  const auto at = at_.find(gone.peer);
  if (at != at_.end()) at_.erase(at);
  if (gone.routed) return;
  if (const auto probe = probes_.extract(gone.peer); !probe.empty())
    sessions_.send(probe.mapped(), Probed{.reached = false});
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
    asked_ = 0;
    // What an origin could not reach may still be all that a home without an origin has.
    if (std::exchange(primary_is_origin_, false) && reached_ == false) reached_.reset();
    const auto span = static_cast<std::uint64_t>(node_.settings.timeouts.first_retry.count());
    timers_.set({.kind = TimerKind::seek}, node_.now + Time{static_cast<Time::rep>(rng_.below(span))});
  } else if (candidate && state_ == RoleState::child) {
    put_off(gone.uuid);
    if (gone.peer == asked_) {
      asked_ = 0;
      choose();
    } else if (candidates_.empty()) {
      stay();
    }
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
