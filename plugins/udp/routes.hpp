// SPDX-License-Identifier: BSD-3-Clause
// Which link a QUIC packet belongs to, by its destination connection ID alone (RFC 9000, 5.2 and 17). Pure
// but for the random numbers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "glue/bytes.hpp"

namespace astral::udp {

// Every connection ID that a link's end gives itself begins with these bytes.
using RouteId = std::array<std::uint8_t, 4>;
// The destination connection ID of the first packets that a link's client sends. The signalling carries it.
// **Why** no Retry: who does not know these 128 bits has its packets dropped after one look-up, without an
// answer or any state, so a flood from spoofed addresses costs what Retry would cost, and the handshake has
// one round trip less. Who knows them was offered the ticket; QUIC sends it at most three times what it has
// sent.
using Secret = std::array<std::uint8_t, 16>;

// The id of the packet's link: RouteId, or Secret in a long header. nullopt: neither.
struct Destination {
  std::optional<RouteId> route;
  std::optional<Secret> secret;
};
Destination destination_of(Bytes packet);

template <typename Target>
class Routes {
 public:
  struct Ids {
    RouteId route{};
    Secret secret{};
  };
  // False: one of the ids is taken; try others.
  bool add(const Ids &ids, std::shared_ptr<Target> target) {
    if (routes_.contains(ids.route) || secrets_.contains(ids.secret)) return false;
    routes_.emplace(ids.route, std::move(target));
    secrets_.emplace(ids.secret, ids.route);
    return true;
  }
  void remove(const Ids &ids) {
    routes_.erase(ids.route);
    secrets_.erase(ids.secret);
  }
  // The link that the packet is for, and where its datagrams go.
  using Found = std::optional<std::pair<RouteId, std::shared_ptr<Target>>>;
  Found find(Bytes packet) const {
    const Destination to = destination_of(packet);
    if (to.secret) return find(*to.secret);
    return to.route ? of(*to.route) : std::nullopt;
  }
  Found find(const Secret &secret) const {
    const auto known = secrets_.find(secret);
    return known == secrets_.end() ? std::nullopt : of(known->second);
  }
  bool contains(const RouteId &id) const { return routes_.contains(id); }
  std::size_t size() const { return routes_.size(); }

 private:
  Found of(const RouteId &id) const {
    const auto route = routes_.find(id);
    if (route == routes_.end()) return std::nullopt;
    return std::pair(id, route->second);
  }

  std::map<RouteId, std::shared_ptr<Target>> routes_;
  std::map<Secret, RouteId> secrets_;
};

}  // namespace astral::udp
