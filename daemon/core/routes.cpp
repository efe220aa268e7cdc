// SPDX-License-Identifier: BSD-3-Clause
#include "core/routes.hpp"

#include <cassert>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

std::optional<Routed> Routes::forward(Routed routed) {
  if (routed.to.uuid == node_.self()) return routed;
  if (routed.hops >= max_route) return std::nullopt;
  ++routed.hops;
  if (const Peer *peer = sessions_.peers.socket(routed.to.uuid, PeerState::ready)) {
    sessions_.send(peer->id, std::move(routed));
    return std::nullopt;
  }
  if (!node_.supernode()) {
    // A supernode that brings a node's messages is also the way to it; our own one may swallow them.
    const Peer *to = sessions_.peers.with(routed.to.uuid, PeerState::ready);
    const bool through = to != nullptr && to->routed && sessions_.is_beside(to->through);
    const PeerId way = through ? to->through : sessions_.way();
    if (way != 0) sessions_.send(way, std::move(routed));
    return std::nullopt;  // it is lost without a supernode; the sender has a deadline
  }
  if (routed.to.via.empty() || routed.to.via == node_.self()) return seek(std::move(routed));
  const Place place{.uuid = routed.to.via, .via = routed.to.via, .at = routed.to.at};
  if (!deliver(place, routed)) return seek(std::move(routed));
  return std::nullopt;
}

// The node is not where it was said to be. The owner of its key knows where it is.
std::optional<Routed> Routes::seek(Routed routed) {
  const std::optional<Place> known = records_.place(routed.to.uuid);
  if (known && known->via != routed.to.via && known->via != node_.self()) {
    routed.to = *known;
    routed.sought = false;
    return forward(std::move(routed));
  }
  const std::optional<PeerId> next = sessions_.overlay.next(key_of(routed.to.uuid));
  if (!next) return std::nullopt;
  routed.sought = true;
  sessions_.send(*next, std::move(routed));
  return std::nullopt;
}

std::optional<Routed> Routes::arrived(const Peer &from, Routed routed) {
  if (!routed.what && routed.sealed.text.empty()) return std::nullopt;
  if (!from.supernode && routed.from.uuid != from.uuid) return std::nullopt;
  if (routed.to.uuid == node_.self()) return routed;
  if (!node_.supernode()) return std::nullopt;
  if (!from.supernode) routed.from = {.uuid = from.uuid, .via = node_.self(), .at = sessions_.place().at};
  if (!routed.sought) return forward(std::move(routed));
  if (routed.hops >= max_route) return std::nullopt;
  ++routed.hops;
  if (const Peer *peer = sessions_.peers.socket(routed.to.uuid, PeerState::ready)) {
    sessions_.send(peer->id, std::move(routed));
    return std::nullopt;
  }
  return seek(std::move(routed));
}

bool Routes::deliver(const Place &place, Message message) {
  if (const Peer *peer = sessions_.peers.socket(place.uuid, PeerState::ready)) {
    sessions_.send(peer->id, std::move(message));
    return true;
  }
  if (sessions_.peers.socket(place.uuid, PeerState::connecting) == nullptr &&
      !sessions_.connect_named(place.uuid, place.at))
    return false;
  std::deque<Message> &parked = parked_[place.uuid];
  if (parked.size() >= max_parked || parked_count() >= max_all_parked)
    return true;  // lost, as any message may be
  parked.push_back(std::move(message));
  return true;
}

void Routes::peer_ready(PeerId peer) {
  const Peer *ready = sessions_.peers.find(peer);
  if (ready == nullptr || ready->kind != PeerKind::node) return;  // an element may use any uuid
  const auto waiting = parked_.find(ready->uuid);
  if (waiting == parked_.end()) return;
  for (Message &message : std::exchange(waiting->second, {})) sessions_.send(peer, std::move(message));
  parked_.erase(waiting);
}

std::size_t Routes::parked_count() const {
  std::size_t count = 0;
  for (const auto &[uuid, messages] : parked_) count += messages.size();
  return count;
}

void Routes::check_invariants() const {
  assert(parked_count() <= max_all_parked);
  for (const auto &[uuid, messages] : parked_)  // a connection to that supernode is coming up
    assert(sessions_.peers.socket(uuid, PeerState::connecting) != nullptr);
}

std::deque<Routed> Routes::not_there(const Uuid &uuid) {
  std::deque<Routed> again;
  const auto waiting = parked_.find(uuid);
  if (waiting == parked_.end() || sessions_.peers.socket(uuid, PeerState::connecting) != nullptr)
    return again;
  for (Message &message : waiting->second) {
    auto *routed = std::get_if<Routed>(&message);
    if (routed == nullptr || routed->to.uuid == uuid) continue;  // the message was for that supernode itself
    routed->to.via.clear();
    again.push_back(std::move(*routed));
  }
  parked_.erase(waiting);
  return again;
}

}  // namespace astral::core
