// SPDX-License-Identifier: BSD-3-Clause
// Whom a search asks beyond those that rank best by their own words: anybody can say that it has room.
#include <algorithm>

#include "core/finder.hpp"
#include "core/limits.hpp"
#include "core/network.hpp"
#include "core/ranking.hpp"

namespace astral::core {
namespace {

constexpr std::size_t asked_carriers = 3;
constexpr std::size_t asked_around = 4;  // supernodes, in a wide search

// The asker names nodes that brought it nothing, or to which no link came up.
bool was_disappointed(const Request &request) {
  return !request.unreachable.empty();
}

}  // namespace

bool Finder::is_worried(const Request &request) const {
  const Peer *asker = sessions_.peers.socket(request.asker.uuid, PeerState::ready);
  return request.hungry || was_disappointed(request) ||
         (asker != nullptr && !asker->child && !asker->supernode);
}

std::size_t Finder::asked_for(const Request &request, std::size_t usual) {
  return was_disappointed(request) ? 2 * usual : usual;
}

// Whoever says that it has room may lie; a full node has children, and they may have some.
std::size_t Finder::ask_full_too(const Request &request, std::size_t handed) {
  const bool may = handed == 0 ? is_worried(request) : request.hungry && was_disappointed(request);
  return may ? ask_full(request) : 0;
}

// A full node hands the search on to nodes that no supernode may know.
std::size_t Finder::ask_full(const Request &request) {
  const auto failed = [&](const Uuid &node) {
    return std::find(request.unreachable.begin(), request.unreachable.end(), node) !=
           request.unreachable.end();
  };
  std::vector<PeerId> full;  // 0: this node
  if (own(directory_.name_for(request.slug, request.key)).hops > 0 && request.takes(node_.self()))
    full.push_back(0);
  if (const auto reach = reach_.find(request.slug); reach != reach_.end())
    for (const auto &[uuid, one] : reach->second.children)
      if (const Peer *child = sessions_.peers.socket(uuid, PeerState::ready);
          child != nullptr && one.room == 0 && request.takes(uuid) && !failed(uuid))
        full.push_back(child->id);
  if (full.empty()) return 0;
  const PeerId chosen = full[rng_.below(full.size())];
  if (chosen == 0)
    outbox_.post(ToServe{request});
  else
    sessions_.send(chosen, request);
  return 1;
}

// Those of which nobody complains come first, and some are random ones: anybody can say that it has room.
std::vector<Records::Carrier> Finder::carriers(const Request &request, const Uuid &but) {
  const std::size_t most = asked_for(request, asked_carriers);
  auto list = records_.carriers(request.slug, but, !request.leaf(), node_.now);
  if (list.empty() && was_disappointed(request)) list = records_.carriers(request.slug);
  std::stable_sort(list.begin(), list.end(), [this](const auto &a, const auto &b) {
    return complaints_.against(a.supernode.uuid, node_.now) <
           complaints_.against(b.supernode.uuid, node_.now);
  });
  mix(
      list, most, [](const Records::Carrier &one) { return network_of(one.supernode.at.host); }, rng_);
  if (list.size() > most) list.resize(most);
  return list;
}

// The owner of the key may lie, or be hidden behind one that does. So a few other supernodes are asked for
// what they can reach themselves; their refusals do not count.
void Finder::ask_around(Find find) {
  find.stage = Stage::carrier;
  find.request.asked = 0;
  find.carriers = 1;  // none of them recruits a relay
  std::vector<PeerId> links = sessions_.overlay.links();
  std::size_t asked = 0;
  while (asked < asked_around && !links.empty()) {
    const auto at = links.begin() + static_cast<std::ptrdiff_t>(rng_.below(links.size()));
    const Peer &peer = *sessions_.peers.find(*at);
    if (peer.uuid != find.request.asker.uuid && complaints_.against(peer.uuid, node_.now) == 0) {
      sessions_.send(peer.id, find);
      ++asked;
    }
    links.erase(at);
  }
}

// The second owner of the key. Like those around, it and whom it asks say nothing if they have no room.
void Finder::ask_second(Find find) {
  find.stage = Stage::key_owner;
  find.second = true;
  find.request.asked = 0;
  find.carriers = 1;
  this->find(std::move(find));
}

}  // namespace astral::core
