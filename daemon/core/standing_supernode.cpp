// SPDX-License-Identifier: BSD-3-Clause
// A supernode: how one becomes it, takes children, keeps links with the others, and steps down.
#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/routes.hpp"
#include "core/standing.hpp"

namespace astral::core {
namespace {

constexpr std::size_t links_at_once = 4;

}  // namespace

void Standing::probe_ask(PeerId peer) {
  if (desk_.settings.role != Role::automatic || probed_by_ != 0) return;
  probed_by_ = peer;
  desk_.send(peer, Probe{});
}

void Standing::promote() {
  if (standpoint_ == Standpoint::supernode || standpoint_ == Standpoint::registering || desk_.leaving) return;
  // Somebody may have become one meanwhile.
  for (const PeerId id : candidates_) {
    const Peer *peer = desk_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) return;
  }
  desk_.agenda.drop({.due = Due::choose});
  candidates_.clear();  // they will be neighbours
  at_.clear();
  const PeerId primary = std::exchange(desk_.primary, 0);
  enter(Standpoint::supernode);
  if (primary != 0) desk_.send(primary, Unregister{});
  seek();
  tend();
}

void Standing::probe(const Peer &peer) {
  const NodeInfo *node = desk_.directory.node(peer.uuid);
  if (!desk_.supernode() || node == nullptr) return desk_.send(peer.id, Probed{.reached = false});
  const std::optional<PeerId> id = connect(desk_, peer.uuid, {peer.address, node->port});
  if (!id) return desk_.send(peer.id, Probed{.reached = false});
  Peer &probing = *desk_.peers.find(*id);
  probing.probing = true;
  probing.for_whom = peer.id;
}

void Standing::probed(const Peer &peer, const Probed &probed) {
  if (peer.id != probed_by_) return;  // only who was asked is believed
  probed_by_ = 0;
  if (reached_) return;
  if (standpoint_ == Standpoint::seeking) let_go(peer.id);
  reached_ = probed.reached;
  if (standpoint_ == Standpoint::supernode && !*reached_) return step_down();
  if (std::exchange(summoned_, false) && *reached_ && standpoint_ == Standpoint::child) return promote();
  if (standpoint_ == Standpoint::seeking) desk_.agenda.set({.due = Due::seek}, desk_.now);
}

void Standing::registration(Peer &peer) {
  if (peer.supernode || peer.routed || peer.kind != PeerKind::node) return;
  const bool room =
      desk_.supernode() && !desk_.leaving && desk_.peers.child_count() < desk_.settings.capacity;
  const std::vector<NodeInfo> others = infos(desk_.overlay.spread(max_others, desk_.rng.next()));
  if (!room && !peer.child) {
    desk_.send(peer.id, Full{.others = others});
    return summon();
  }
  desk_.peers.adopt(peer);
  count_children();
  desk_.send(peer.id, Registered{.others = others});
  desk_.announce(Change::node, desk_.self());
}

void Standing::unregistered(const Peer &peer) {
  if (!peer.child) return;
  desk_.peers.release(peer.id);
  count_children();
  desk_.announce(Change::node, desk_.self());
}

// Full: whoever of our children can be reached from outside makes room for more, its own place too.
void Standing::summon() {
  if (!desk_.supernode() || desk_.leaving || desk_.now < summon_after_ || desk_.peers.child_count() == 0)
    return;
  summon_after_ = desk_.now + desk_.settings.timeouts.promote;
  const std::vector<PeerId> children = desk_.peers.children();
  desk_.send(children[desk_.rng.below(children.size())], Summon{});
}

void Standing::summoned(const Peer &peer) {
  if (standpoint_ != Standpoint::child || desk_.primary != peer.id || reached_ == false) return;
  if (desk_.settings.role != Role::automatic || desk_.leaving) return;
  summoned_ = true;
  if (!reached_) return probe_ask(peer.id);
  promote();
}

void Standing::supernode_heard(const NodeInfo &node) {
  if (node.uuid == desk_.self()) return;
  desk_.directory.learn(node, Heard::elsewhere);
  const NodeInfo *known = desk_.directory.node(node.uuid);
  if (known == nullptr || !known->supernode) return desk_.overlay.forget(node.uuid);  // it was one, once
  if (desk_.supernode() && desk_.overlay.know(node.uuid)) tend();
}

void Standing::link(const Peer &peer) {
  if (!peer.supernode || peer.routed || peer.uuid == desk_.self() || peer.probing) return;
  desk_.overlay.link(peer.uuid, peer.id);
  if (!reached_) probe_ask(peer.id);
}

// Where a distance has too few links, one more.
void Standing::tend() {
  if (!desk_.supernode() || desk_.leaving) return;
  std::size_t begun = 0;
  for (const Uuid &uuid : desk_.overlay.wanted()) {
    if (begun == links_at_once) break;
    const NodeInfo *node = desk_.directory.node(uuid);
    if (node == nullptr) {
      desk_.overlay.forget(uuid);
      continue;
    }
    if (Peer *peer = desk_.peers.socket(uuid, PeerState::connecting)) {
      if (peer->state == PeerState::ready && peer->supernode) link(*peer);
      continue;
    }
    if (put_off_now(uuid)) continue;
    if (connect(desk_, uuid, {node->ip_address, node->port})) ++begun;
  }
}

void Standing::beat() {
  if (!desk_.supernode()) return;
  std::erase_if(put_off_, [&](const auto &entry) { return entry.second <= desk_.now; });
  tend();
  if (desk_.now - lost_tried_ >= desk_.settings.timeouts.lost_again) look_beyond();
  if (desk_.peers.child_count() > 0) childless_since_ = desk_.now;
  if (desk_.settings.role != Role::automatic || desk_.overlay.links().empty()) return;
  if (desk_.now - childless_since_ >= desk_.settings.timeouts.needless) step_down();
}

// A network that fell apart, or began as several, is to become one.
void Standing::look_beyond() {
  lost_tried_ = desk_.now;
  try_lost();
  if (desk_.settings.has_origin) desk_.emit(AskOrigin{});
  const std::vector<Address> &settings = desk_.settings.bootstrap;
  if (settings.empty()) return;
  const Address &address = settings[desk_.rng.below(settings.size())];
  const auto settled = settled_at_.find(address);
  const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
  if (uuid == desk_.self() || (!uuid.empty() && desk_.peers.socket(uuid, PeerState::connecting) != nullptr))
    return;
  // A child of a supernode that we know is in our network.
  const NodeInfo *node = desk_.directory.node(uuid);
  if (node != nullptr && !node->primary.empty() &&
      (node->primary == desk_.self() || desk_.overlay.knows(node->primary)))
    return;
  if (const auto peer = connect(desk_, uuid, address)) at_[*peer] = address;
}

void Standing::try_lost() {
  const auto lost = desk_.directory.lost_one(desk_.rng.next());
  if (lost && desk_.peers.socket(lost->uuid, PeerState::connecting) == nullptr)
    connect(desk_, lost->uuid, {lost->ip_address, lost->port});
}

// Others have taken our place, or nobody reaches us.
void Standing::step_down() {
  bool elsewhere = false;
  for (const PeerId id : desk_.overlay.links())
    elsewhere = elsewhere || reached_ == false || !is_full(desk_.peers.find(id)->uuid);
  childless_since_ = desk_.now;
  if (!elsewhere) return;
  for (const PeerId id : desk_.peers.children()) desk_.send(id, Full{});
  enter(Standpoint::seeking);
  for (const PeerId id : desk_.peers.ready_nodes())
    if (desk_.tickets.count(id) == 0) desk_.drop(id, "no supernode any more");
  desk_.agenda.set({.due = Due::seek}, desk_.now);
}

std::vector<NodeInfo> Standing::infos(const std::vector<Uuid> &uuids) const {
  std::vector<NodeInfo> nodes;
  for (const Uuid &uuid : uuids)
    if (const NodeInfo *node = desk_.directory.node(uuid)) {
      nodes.push_back(*node);
      nodes.back().rtt_ms.reset();  // how far it is from us, and how full it was, helps nobody
      nodes.back().children.reset();
    }
  return nodes;
}

std::vector<NodeInfo> Standing::told_to(const NodeInfo &node) {
  std::vector<Uuid> uuids;
  if (!desk_.supernode()) {
    const Uuid &primary = desk_.settings.self.primary;
    if (!primary.empty()) uuids.push_back(primary);
    for (const NodeInfo &known : desk_.directory.supernodes())
      if (uuids.size() < max_told_supernodes && known.uuid != primary) uuids.push_back(known.uuid);
    return infos(uuids);
  }
  if (node.supernode) uuids = desk_.overlay.nearest(key_of(node.uuid), max_told_supernodes / 2);
  for (const Uuid &uuid : desk_.overlay.spread(max_told_supernodes - uuids.size(), desk_.rng.next()))
    if (uuid != node.uuid && std::find(uuids.begin(), uuids.end(), uuid) == uuids.end())
      uuids.push_back(uuid);
  return infos(uuids);
}

bool Standing::kept(const Peer &peer) const {
  if (peer.id == desk_.primary || peer.child || candidates_.contains(peer.id)) return true;
  return desk_.supernode() && desk_.overlay.needed(peer.id);
}

void Standing::leave() {
  for (const Due due : {Due::seek, Due::choose, Due::promote}) desk_.agenda.drop({.due = due});
}

}  // namespace astral::core
