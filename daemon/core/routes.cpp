// SPDX-License-Identifier: BSD-3-Clause
#include "core/routes.hpp"

#include <cassert>
#include <utility>

#include "core/limits.hpp"

namespace astral::core {

std::optional<PeerId> connect(NodeContext &context, const Uuid &uuid, const Address &address) {
  if (uuid == context.self() || address.host.empty() || address.port == 0) return std::nullopt;
  const PeerId id = context.next_id;
  if (context.peers.add({.id = id,
                         .state = PeerState::connecting,
                         .outbound = true,
                         .uuid = uuid,
                         .heard = context.now,
                         .since = context.now,
                         .used = context.now}) == nullptr)
    return std::nullopt;
  ++context.next_id;
  context.emit(Connect{.peer = id, .ip_address = address.host, .port = address.port});
  return id;
}

std::optional<Routed> Routes::forward(Routed routed) {
  if (routed.to.uuid == context_.self()) return routed;
  if (routed.hops >= max_route) return std::nullopt;
  ++routed.hops;
  if (const Peer *peer = context_.peers.socket(routed.to.uuid, PeerState::ready)) {
    context_.send(peer->id, std::move(routed));
    return std::nullopt;
  }
  if (!context_.supernode()) {
    if (context_.primary != 0) context_.send(context_.primary, std::move(routed));
    return std::nullopt;  // without a supernode nobody is reached: whoever waits has a deadline
  }
  if (routed.to.via.empty() || routed.to.via == context_.self()) return seek(std::move(routed));
  const Place place{.uuid = routed.to.via, .via = routed.to.via, .at = routed.to.at};
  if (!deliver(place, routed)) return seek(std::move(routed));
  return std::nullopt;
}

// Nobody is where it was said to be: the owner of its key knows better.
std::optional<Routed> Routes::seek(Routed routed) {
  const std::optional<Place> known = records_.place(routed.to.uuid);
  if (known && known->via != routed.to.via && known->via != context_.self()) {
    routed.to = *known;
    routed.sought = false;
    return forward(std::move(routed));
  }
  const std::optional<PeerId> next = context_.overlay.next(key_of(routed.to.uuid));
  if (!next) return std::nullopt;
  routed.sought = true;
  context_.send(*next, std::move(routed));
  return std::nullopt;
}

std::optional<Routed> Routes::arrived(const Peer &from, Routed routed) {
  if (!routed.what) return std::nullopt;  // of a later version: we could not write it again
  if (!from.supernode && routed.from.uuid != from.uuid) return std::nullopt;
  if (routed.to.uuid == context_.self()) return routed;
  if (!context_.supernode()) return std::nullopt;
  if (!from.supernode) routed.from = {.uuid = from.uuid, .via = context_.self(), .at = context_.place().at};
  if (!routed.sought) return forward(std::move(routed));
  if (routed.hops >= max_route) return std::nullopt;
  ++routed.hops;
  if (const Peer *peer = context_.peers.socket(routed.to.uuid, PeerState::ready)) {
    context_.send(peer->id, std::move(routed));
    return std::nullopt;
  }
  return seek(std::move(routed));
}

bool Routes::deliver(const Place &place, Message message) {
  if (const Peer *peer = context_.peers.socket(place.uuid, PeerState::ready)) {
    context_.send(peer->id, std::move(message));
    return true;
  }
  if (context_.peers.socket(place.uuid, PeerState::connecting) == nullptr &&
      !connect(context_, place.uuid, place.at))
    return false;
  std::deque<Message> &parked = parked_[place.uuid];
  if (parked.size() >= max_parked || parked_count() >= max_all_parked) return true;  // lost, as on any way
  parked.push_back(std::move(message));
  return true;
}

void Routes::peer_ready(PeerId peer) {
  const Peer *ready = context_.peers.find(peer);
  if (ready == nullptr || ready->kind != PeerKind::node) return;  // an element takes any name
  const auto waiting = parked_.find(ready->uuid);
  if (waiting == parked_.end()) return;
  for (Message &message : std::exchange(waiting->second, {})) context_.send(peer, std::move(message));
  parked_.erase(waiting);
}

std::size_t Routes::parked_count() const {
  std::size_t count = 0;
  for (const auto &[uuid, messages] : parked_) count += messages.size();
  return count;
}

void Routes::check_invariants() const {
  assert(parked_count() <= max_all_parked);
  for (const auto &[uuid, messages] : parked_)  // somebody will say whether it is there
    assert(context_.peers.socket(uuid, PeerState::connecting) != nullptr);
}

std::deque<Routed> Routes::not_there(const Uuid &uuid) {
  std::deque<Routed> again;
  const auto waiting = parked_.find(uuid);
  if (waiting == parked_.end() || context_.peers.socket(uuid, PeerState::connecting) != nullptr) return again;
  for (Message &message : waiting->second) {
    auto *routed = std::get_if<Routed>(&message);
    if (routed == nullptr || routed->to.uuid == uuid) continue;  // to that supernode itself
    routed->to.via.clear();
    again.push_back(std::move(*routed));
  }
  parked_.erase(waiting);
  return again;
}

}  // namespace astral::core
