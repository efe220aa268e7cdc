// SPDX-License-Identifier: BSD-3-Clause
// What a supernode keeps for the keys that are nearest to it, and copies of what its neighbours keep: through
// which supernodes a stream is to be had, and through which one a node. Soft state: what is not said again
// lapses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"

namespace astral::core {

class Records {
 public:
  struct Carrier {
    Place supernode = {};
    std::uint32_t hops = 0;
    std::uint32_t room = 0;
    std::uint32_t leaves = 0;
    Time until = {};
    std::uint32_t promised = 0;  // of the room, then of the leaves, since its advert
    Time promised_until = {};
  };

  void advert(const Advert &advert, Time until);
  // True: newer than what was known.
  bool here(const Here &here, Time until);
  void end(const Slug &slug) { streams_.erase(slug); }

  bool has(const Slug &slug) const { return streams_.contains(slug); }
  // Those with room, the fewest hops first and, among equals, the most room; but not `but`. With `displace`,
  // where none has room, those with leaves. `room` and `leaves` are without what is promised.
  std::vector<Carrier> carriers(const Slug &slug, std::size_t most, const Uuid &but, bool displace,
                                Time now) const;
  // One place of it was promised to somebody: others are sent elsewhere until its next advert, or until then:
  // one that hangs takes nobody.
  void promised(const Slug &slug, const Uuid &supernode, Time until);
  void unreachable(const Uuid &supernode);
  std::optional<Place> place(const Uuid &uuid) const;

  void lapse(Time now);
  std::size_t streams() const { return streams_.size(); }
  std::size_t nodes() const { return nodes_.size(); }
  void clear();

 private:
  struct Stream {
    std::map<Uuid, Carrier> carriers;
    Time until = {};
  };
  struct Node {
    Place place;
    std::uint64_t updated = 0;
    Time until = {};
  };
  std::map<Slug, Stream> streams_;
  std::map<Uuid, Node> nodes_;
};

}  // namespace astral::core
