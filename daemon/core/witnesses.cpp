// SPDX-License-Identifier: BSD-3-Clause
#include "core/witnesses.hpp"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/network.hpp"

namespace astral::core {
namespace {

constexpr std::size_t at_once = 4;

}  // namespace

void Witnesses::more() {
  std::erase_if(tried_, [&](const auto &entry) { return entry.second <= node_.now; });
  std::set<PeerId> &witnesses = sessions_.witnesses;
  // The oldest ones have brought nothing, but for the one that is our detour.
  for (auto one = witnesses.begin(); one != witnesses.end() && witnesses.size() + at_once > max_witnesses;)
    one = *one == sessions_.detour ? std::next(one) : witnesses.erase(one);
  std::vector<NodeInfo> known = directory_.supernodes();
  for (std::size_t i = known.size(); i > 1; --i) std::swap(known[i - 1], known[rng_.below(i)]);
  const Peer *primary = sessions_.peers.find(sessions_.primary);
  std::set<std::string> networks;
  if (primary != nullptr) networks.insert(network_of(primary->address));
  std::size_t begun = 0;
  const auto begin = [&](const NodeInfo &node) {
    if (sessions_.witnesses.size() + called_.size() >= max_witnesses) return;
    if (node.origin || node.uuid == node_.self() || (primary != nullptr && node.uuid == primary->uuid))
      return;
    if (tried_.contains(node.uuid) || standing_.is_avoided(node.uuid, node_.now)) return;
    if (!may_dial(node_.settings.self.families, node.ip_address)) return;
    const std::string network = network_of(node.ip_address);
    if (!network.empty() && !networks.insert(network).second) return;
    tried_[node.uuid] = node_.now + node_.settings.timeouts.barren;
    ++begun;
    if (const Peer *peer = sessions_.peers.socket(node.uuid, PeerState::ready)) {
      sessions_.witnesses.insert(peer->id);
      outbox_.post(WitnessReady{.peer = peer->id});
    } else if (const auto id = sessions_.connect_named(node.uuid, {node.ip_address, node.port})) {
      called_.insert(*id);
    }
  };
  // Our supernode may have named liars only. So half of them are nodes of which others than it know.
  for (const NodeInfo &node : known)
    if (begun < at_once / 2 && directory_.is_vouched(node.uuid, {node.ip_address, node.port})) begin(node);
  for (const NodeInfo &node : known)
    if (begun < at_once) begin(node);
  if (!node_.settings.has_origin) return;
  if (node_.now - origin_asked_ < node_.settings.timeouts.origin) return;
  origin_asked_ = node_.now;
  wants_more_ = true;
  outbox_.emit(AskOrigin{});
}

void Witnesses::keep_some() {
  if (sessions_.witnesses.size() + called_.size() >= at_once / 2) return;
  if (node_.now - looked_ < node_.settings.timeouts.on_air) return;
  looked_ = node_.now;
  more();
}

void Witnesses::origin_heard() {
  if (std::exchange(wants_more_, false)) more();
}

bool Witnesses::ready(const Peer &peer) {
  if (called_.erase(peer.id) == 0 || !peer.supernode) return false;
  sessions_.witnesses.insert(peer.id);
  return true;
}

}  // namespace astral::core
