// SPDX-License-Identifier: BSD-3-Clause
// A supernode: how one becomes it, takes children, keeps links with the others, and steps down.
#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/node_role.hpp"
#include "core/routes.hpp"

namespace astral::core {
namespace {

constexpr std::size_t links_at_once = 4;

}  // namespace

void NodeRole::probe_ask(PeerId peer) {
  if (context_.settings.role != Role::automatic || probed_by_ != 0) return;
  probed_by_ = peer;
  context_.send(peer, Probe{});
}

void NodeRole::promote() {
  if (state_ == RoleState::supernode || state_ == RoleState::registering || context_.leaving) return;
  // Somebody may have become one meanwhile.
  for (const PeerId id : candidates_) {
    const Peer *peer = context_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) return;
  }
  context_.timers.drop({.kind = TimerKind::choose});
  candidates_.clear();  // they will be neighbours
  at_.clear();
  const PeerId primary = std::exchange(context_.primary, 0);
  enter(RoleState::supernode);
  if (primary != 0) context_.send(primary, Unregister{});
  seek();
  tend();
}

void NodeRole::probe(const Peer &peer) {
  const NodeInfo *node = context_.directory.node(peer.uuid);
  if (!context_.supernode() || node == nullptr) return context_.send(peer.id, Probed{.reached = false});
  const std::optional<PeerId> id = connect(context_, peer.uuid, {peer.address, node->port});
  if (!id) return context_.send(peer.id, Probed{.reached = false});
  Peer &probing = *context_.peers.find(*id);
  probing.probing = true;
  probing.for_whom = peer.id;
}

void NodeRole::probed(const Peer &peer, const Probed &probed) {
  if (peer.id != probed_by_) return;  // only who was asked is believed
  probed_by_ = 0;
  if (reached_) return;
  if (state_ == RoleState::seeking) let_go(peer.id);
  reached_ = probed.reached;
  if (state_ == RoleState::supernode && !*reached_) return step_down();
  if (std::exchange(summoned_, false) && *reached_ && state_ == RoleState::child) return promote();
  if (state_ == RoleState::seeking) context_.timers.set({.kind = TimerKind::seek}, context_.now);
}

void NodeRole::registration(Peer &peer) {
  if (peer.supernode || peer.routed || peer.kind != PeerKind::node) return;
  const bool room =
      context_.supernode() && !context_.leaving && context_.peers.child_count() < context_.settings.capacity;
  const std::vector<NodeInfo> others = infos(context_.overlay.spread(max_others, context_.rng.next()));
  if (!room && !peer.child) {
    context_.send(peer.id, Full{.others = others});
    return summon();
  }
  context_.peers.adopt(peer);
  count_children();
  context_.send(peer.id, Registered{.others = others});
  context_.announce(Change::node, context_.self());
}

void NodeRole::unregistered(const Peer &peer) {
  if (!peer.child) return;
  context_.peers.release(peer.id);
  count_children();
  context_.announce(Change::node, context_.self());
}

// Full: whoever of our children can be reached from outside makes room for more, its own place too.
void NodeRole::summon() {
  if (!context_.supernode() || context_.leaving || context_.now < summon_after_ ||
      context_.peers.child_count() == 0)
    return;
  summon_after_ = context_.now + context_.settings.timeouts.promote;
  const std::vector<PeerId> children = context_.peers.children();
  context_.send(children[context_.rng.below(children.size())], Summon{});
}

void NodeRole::summoned(const Peer &peer) {
  if (state_ != RoleState::child || context_.primary != peer.id || reached_ == false) return;
  if (context_.settings.role != Role::automatic || context_.leaving) return;
  summoned_ = true;
  if (!reached_) return probe_ask(peer.id);
  promote();
}

void NodeRole::supernode_heard(const NodeInfo &node) {
  if (node.uuid == context_.self()) return;
  context_.directory.learn(node, Heard::elsewhere);
  const NodeInfo *known = context_.directory.node(node.uuid);
  if (known == nullptr || !known->supernode) return context_.overlay.forget(node.uuid);  // it was one, once
  if (context_.supernode() && context_.overlay.know(node.uuid)) tend();
}

void NodeRole::link(const Peer &peer) {
  if (!peer.supernode || peer.routed || peer.uuid == context_.self() || peer.probing) return;
  context_.overlay.link(peer.uuid, peer.id);
  if (!reached_) probe_ask(peer.id);
}

// Where a distance has too few links, one more.
void NodeRole::tend() {
  if (!context_.supernode() || context_.leaving) return;
  std::size_t begun = 0;
  for (const Uuid &uuid : context_.overlay.wanted()) {
    if (begun == links_at_once) break;
    const NodeInfo *node = context_.directory.node(uuid);
    if (node == nullptr) {
      context_.overlay.forget(uuid);
      continue;
    }
    if (Peer *peer = context_.peers.socket(uuid, PeerState::connecting)) {
      if (peer->state == PeerState::ready && peer->supernode) link(*peer);
      continue;
    }
    if (put_off_now(uuid)) continue;
    if (connect(context_, uuid, {node->ip_address, node->port})) ++begun;
  }
}

void NodeRole::beat() {
  if (!context_.supernode()) return;
  std::erase_if(put_off_, [&](const auto &entry) { return entry.second <= context_.now; });
  tend();
  if (context_.now - lost_tried_ >= context_.settings.timeouts.lost_again) look_beyond();
  if (context_.peers.child_count() > 0) childless_since_ = context_.now;
  if (context_.settings.role != Role::automatic || context_.overlay.links().empty()) return;
  if (context_.now - childless_since_ >= context_.settings.timeouts.needless) step_down();
}

// A network that fell apart, or began as several, is to become one.
void NodeRole::look_beyond() {
  lost_tried_ = context_.now;
  try_lost();
  if (context_.settings.has_origin) context_.emit(AskOrigin{});
  const std::vector<Address> &settings = context_.settings.bootstrap;
  if (settings.empty()) return;
  const Address &address = settings[context_.rng.below(settings.size())];
  const auto settled = settled_at_.find(address);
  const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
  if (uuid == context_.self() ||
      (!uuid.empty() && context_.peers.socket(uuid, PeerState::connecting) != nullptr))
    return;
  // A child of a supernode that we know is in our network.
  const NodeInfo *node = context_.directory.node(uuid);
  if (node != nullptr && !node->primary.empty() &&
      (node->primary == context_.self() || context_.overlay.knows(node->primary)))
    return;
  if (const auto peer = connect(context_, uuid, address)) at_[*peer] = address;
}

void NodeRole::try_lost() {
  const auto lost = context_.directory.lost_one(context_.rng.next());
  if (lost && context_.peers.socket(lost->uuid, PeerState::connecting) == nullptr)
    connect(context_, lost->uuid, {lost->ip_address, lost->port});
}

// Others have taken our place, or nobody reaches us.
void NodeRole::step_down() {
  bool elsewhere = false;
  for (const PeerId id : context_.overlay.links())
    elsewhere = elsewhere || reached_ == false || !is_full(context_.peers.find(id)->uuid);
  childless_since_ = context_.now;
  if (!elsewhere) return;
  for (const PeerId id : context_.peers.children()) context_.send(id, Full{});
  enter(RoleState::seeking);
  for (const PeerId id : context_.peers.ready_nodes())
    if (context_.tickets.count(id) == 0) context_.drop(id, "no supernode any more");
  context_.timers.set({.kind = TimerKind::seek}, context_.now);
}

std::vector<NodeInfo> NodeRole::infos(const std::vector<Uuid> &uuids) const {
  std::vector<NodeInfo> nodes;
  for (const Uuid &uuid : uuids)
    if (const NodeInfo *node = context_.directory.node(uuid)) {
      nodes.push_back(*node);
      nodes.back().rtt_ms.reset();  // how far it is from us, and how full it was, helps nobody
      nodes.back().children.reset();
    }
  return nodes;
}

std::vector<NodeInfo> NodeRole::told_to(const NodeInfo &node) {
  std::vector<Uuid> uuids;
  if (!context_.supernode()) {
    const Uuid &primary = context_.settings.self.primary;
    if (!primary.empty()) uuids.push_back(primary);
    for (const NodeInfo &known : context_.directory.supernodes())
      if (uuids.size() < max_told_supernodes && known.uuid != primary) uuids.push_back(known.uuid);
    return infos(uuids);
  }
  if (node.supernode) uuids = context_.overlay.nearest(key_of(node.uuid), max_told_supernodes / 2);
  for (const Uuid &uuid : context_.overlay.spread(max_told_supernodes - uuids.size(), context_.rng.next()))
    if (uuid != node.uuid && std::find(uuids.begin(), uuids.end(), uuid) == uuids.end())
      uuids.push_back(uuid);
  return infos(uuids);
}

bool NodeRole::kept(const Peer &peer) const {
  if (peer.id == context_.primary || peer.child || candidates_.contains(peer.id)) return true;
  return context_.supernode() && context_.overlay.needed(peer.id);
}

void NodeRole::leave() {
  for (const TimerKind kind : {TimerKind::seek, TimerKind::choose, TimerKind::promote})
    context_.timers.drop({.kind = kind});
}

}  // namespace astral::core
