// SPDX-License-Identifier: BSD-3-Clause
// How a node becomes a supernode, takes children, keeps links with other supernodes, and steps down.
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
  if (node_.settings.role != Role::automatic || probed_by_ != 0) return;
  probed_by_ = peer;
  probe_asked_ = node_.now;
  sessions_.send(peer, Probe{});
}

void NodeRole::promote() {
  if (state_ == RoleState::supernode || state_ == RoleState::registering || node_.leaving) return;
  // Another node may have become a supernode meanwhile.
  for (const PeerId id : candidates_) {
    const Peer *peer = sessions_.peers.find(id);
    if (peer != nullptr && peer->state == PeerState::ready) return;
  }
  timers_.drop({.kind = TimerKind::choose});
  candidates_.clear();  // they become links
  at_.clear();
  asked_ = 0;
  primary_is_origin_ = false;
  const PeerId primary = std::exchange(sessions_.primary, 0);
  enter(RoleState::supernode);
  if (primary != 0) sessions_.send(primary, Unregister{});
  seek();
  tend();
}

// Connects to the address that the peer's own connection comes from, and to no other.
void NodeRole::probe(const Peer &peer) {
  const NodeInfo *node = directory_.node(peer.uuid);
  const bool runs =
      std::any_of(probes_.begin(), probes_.end(), [&](const auto &probe) { return probe.second == peer.id; });
  if (runs) return;
  const bool able = node_.supernode() && node != nullptr && probes_.size() < max_probes;
  const std::optional<PeerId> id =
      able ? sessions_.connect(peer.uuid, {peer.address, node->port}) : std::nullopt;
  if (!id) return sessions_.send(peer.id, Probed{.reached = false});
  sessions_.peers.find(*id)->probing = true;
  probes_[*id] = peer.id;
}

// A node answers where the one that asked should be. It may be another one: several may be behind one NAT.
void NodeRole::reached(const Peer &probing) {
  const auto probe = probes_.extract(probing.id);
  const Uuid answers = probing.uuid;
  sessions_.drop(probing.id, "probed");
  Peer *peer = probe.empty() ? nullptr : sessions_.peers.find(probe.mapped());
  if (peer == nullptr) return;
  peer->reached = peer->uuid == answers;
  sessions_.send(peer->id, Probed{.reached = peer->reached});
  if (node_.settings.self.origin && !has_other_links()) summon();
}

void NodeRole::probed(const Peer &peer, const Probed &probed) {
  if (peer.id != probed_by_) return;  // only the peer that was asked is believed
  probed_by_ = 0;
  if (reached_ == true) return;
  if (state_ == RoleState::seeking) let_go(peer.id);
  reached_ = probed.reached;
  if (state_ == RoleState::supernode && !*reached_) return step_down();
  if (std::exchange(summoned_, false) && *reached_ && state_ == RoleState::child) return promote();
  if (state_ == RoleState::seeking) timers_.set({.kind = TimerKind::seek}, node_.now);
}

void NodeRole::registration(Peer &peer) {
  if (peer.routed || peer.kind != PeerKind::node) return;
  // It has stepped down. It tells its peers so when it is somebody's child.
  if (std::exchange(peer.supernode, false)) sessions_.overlay.forget(peer.uuid);
  const bool takes = node_.supernode() && !node_.leaving;
  const bool room =
      takes && (sessions_.peers.child_count() < node_.settings.capacity || (!peer.child && make_room(peer)));
  const std::vector<NodeInfo> others = infos(sessions_.overlay.spread(max_others, rng_.next()));
  if (!room && !peer.child) {
    sessions_.send(peer.id, Full{.others = others});
    return summon();
  }
  sessions_.peers.adopt(peer);
  count_children();
  sessions_.send(peer.id, Registered{.others = others});
  outbox_.announce(Change::node, node_.self());
}

// All places are taken. If a network has at least two more than that of the newcomer, its latest child
// leaves: it is told as if we stepped down, and its tickets stay.
bool NodeRole::make_room(const Peer &peer) {
  if (peer.network.empty()) return false;
  Shares shares;
  for (const PeerId id : sessions_.peers.children())
    if (const Peer &child = *sessions_.peers.find(id); !child.network.empty()) shares.add(child.network);
  if (!shares.deserves(peer.network)) return false;
  const std::vector<PeerId> children = sessions_.peers.children();
  const std::string most = shares.largest();
  const auto latest = std::find_if(children.rbegin(), children.rend(),
                                   [&](PeerId id) { return sessions_.peers.find(id)->network == most; });
  sessions_.send(*latest, Full{});
  outbox_.post(ChildLeft{.uuid = sessions_.peers.find(*latest)->uuid});
  sessions_.peers.release(*latest);
  return true;
}

void NodeRole::unregistered(const Peer &peer) {
  if (!peer.child) return;
  sessions_.peers.release(peer.id);
  count_children();
  outbox_.announce(Change::node, node_.self());
}

// We are full. A child that can be reached from outside becomes a supernode; that frees its place here, too.
void NodeRole::summon() {
  if (!node_.supernode() || node_.leaving || node_.now < summon_after_ || sessions_.peers.child_count() == 0)
    return;
  std::vector<PeerId> children = sessions_.peers.children();
  std::vector<PeerId> reached;
  for (const PeerId id : children)
    if (sessions_.peers.find(id)->reached) reached.push_back(id);
  // A child of an origin has had this tried by itself.
  if (!reached.empty() || node_.settings.self.origin) children = std::move(reached);
  if (children.empty()) return;
  summon_after_ = node_.now + node_.settings.timeouts.promote;
  sessions_.send(children[rng_.below(children.size())], Summon{});
}

void NodeRole::summoned(const Peer &peer) {
  if (state_ != RoleState::child || sessions_.primary != peer.id || reached_ == false) return;
  if (node_.settings.role != Role::automatic || node_.leaving) return;
  summoned_ = true;
  if (!reached_) return probe_ask(peer.id);
  promote();
}

void NodeRole::supernode_heard(const NodeInfo &node) {
  if (node.uuid == node_.self()) return;
  directory_.learn(node, Heard::elsewhere);
  look_soon();
  const NodeInfo *known = directory_.node(node.uuid);
  if (known == nullptr || !known->supernode)
    return sessions_.overlay.forget(node.uuid);  // it is no supernode now
  if (node_.supernode() && sessions_.overlay.know(node.uuid)) tend();
}

void NodeRole::link(const Peer &peer) {
  if (!peer.supernode || peer.routed || peer.uuid == node_.self() || peer.probing) return;
  sessions_.overlay.link(peer.uuid, peer.id);
  if (!reached_) probe_ask(peer.id);
}

// Connects to more supernodes where a distance has too few links.
void NodeRole::tend() {
  if (!node_.supernode() || node_.leaving) return;
  std::size_t begun = 0;
  for (const Uuid &uuid : sessions_.overlay.wanted()) {
    if (begun == links_at_once) break;
    const NodeInfo *node = directory_.node(uuid);
    if (node == nullptr) {
      sessions_.overlay.forget(uuid);
      continue;
    }
    if (Peer *peer = sessions_.peers.socket(uuid, PeerState::connecting)) {
      if (peer->state == PeerState::ready && peer->supernode) link(*peer);
      continue;
    }
    if (put_off_now(uuid) || !may_dial(node_.settings.self.families, node->ip_address)) continue;
    if (sessions_.connect_named(uuid, {node->ip_address, node->port})) ++begun;
  }
}

void NodeRole::beat() {
  if (!node_.supernode()) return beat_under_origin();
  std::erase_if(put_off_, [&](const auto &entry) { return entry.second <= node_.now; });
  tend();
  if (node_.now - lost_tried_ >= node_.settings.timeouts.lost_again) look_beyond();
  if (sessions_.peers.child_count() > 0) childless_since_ = node_.now;
  if (node_.settings.self.origin && !has_other_links()) summon();
  if (node_.settings.role != Role::automatic || !has_other_links()) return;
  if (node_.now - childless_since_ >= node_.settings.timeouts.needless) step_down();
}

// Finds the other parts of a network that fell apart, or that began as several.
void NodeRole::look_beyond() {
  lost_tried_ = node_.now;
  try_lost();
  if (node_.settings.has_origin) outbox_.emit(AskOrigin{});
  const std::vector<Address> &settings = node_.settings.bootstrap;
  if (settings.empty()) return;
  const Address &address = settings[rng_.below(settings.size())];
  const auto settled = settled_at_.find(address);
  const Uuid uuid = settled == settled_at_.end() ? "" : settled->second;
  if (uuid == node_.self() ||
      (!uuid.empty() && sessions_.peers.socket(uuid, PeerState::connecting) != nullptr))
    return;
  // It is in our network already: it is a child of a supernode that we know.
  const NodeInfo *node = directory_.node(uuid);
  if (node != nullptr && !node->primary.empty() &&
      (node->primary == node_.self() || sessions_.overlay.knows(node->primary)))
    return;
  if (const auto peer = sessions_.connect(uuid, address)) at_[*peer] = address;
}

void NodeRole::try_lost() {
  const auto lost = directory_.lost_one(rng_.next());
  if (lost && sessions_.peers.socket(lost->uuid, PeerState::connecting) == nullptr)
    sessions_.connect_named(lost->uuid, {lost->ip_address, lost->port});
}

// Other supernodes are enough, or nobody can reach us.
void NodeRole::step_down() {
  bool elsewhere = false;
  for (const PeerId id : sessions_.overlay.links()) {
    const Uuid &uuid = sessions_.peers.find(id)->uuid;
    elsewhere = elsewhere || reached_ == false || (!is_full(uuid) && !is_origin(uuid));
  }
  childless_since_ = node_.now;
  if (!elsewhere) return;
  for (const PeerId id : sessions_.peers.children()) sessions_.send(id, Full{});
  enter(RoleState::seeking);
  for (const PeerId id : sessions_.peers.ready_nodes())
    if (tickets_.count(id) == 0) sessions_.drop(id, "no supernode any more");
  timers_.set({.kind = TimerKind::seek}, node_.now);
}

std::vector<NodeInfo> NodeRole::infos(const std::vector<Uuid> &uuids) const {
  std::vector<NodeInfo> nodes;
  for (const Uuid &uuid : uuids)
    if (const NodeInfo *node = directory_.node(uuid)) {
      nodes.push_back(*node);
      nodes.back().rtt_ms.reset();  // its distance from us and its number of children are of no use to others
      nodes.back().children.reset();
    }
  return nodes;
}

std::vector<NodeInfo> NodeRole::told_to(const NodeInfo &node) {
  std::vector<Uuid> uuids;
  if (!node_.supernode()) {
    const Uuid &primary = node_.settings.self.primary;
    if (!primary.empty()) uuids.push_back(primary);
    for (const NodeInfo &known : directory_.supernodes())
      if (uuids.size() < max_told_supernodes && known.uuid != primary) uuids.push_back(known.uuid);
    return infos(uuids);
  }
  if (node.supernode) uuids = sessions_.overlay.nearest(key_of(node.uuid), max_told_supernodes / 2);
  for (const Uuid &uuid : sessions_.overlay.spread(max_told_supernodes - uuids.size(), rng_.next()))
    if (uuid != node.uuid && std::find(uuids.begin(), uuids.end(), uuid) == uuids.end())
      uuids.push_back(uuid);
  return infos(uuids);
}

bool NodeRole::kept(const Peer &peer) const {
  if (peer.id == sessions_.primary || peer.id == sessions_.detour) return true;
  if (peer.child || candidates_.contains(peer.id)) return true;
  return node_.supernode() && sessions_.overlay.needed(peer.id);
}

void NodeRole::leave() {
  for (const TimerKind kind : {TimerKind::seek, TimerKind::choose, TimerKind::promote})
    timers_.drop({.kind = kind});
}

}  // namespace astral::core
