// SPDX-License-Identifier: BSD-3-Clause
// The records of the keys that a supernode owns, and copies of its neighbours' records: through which
// supernodes a stream can be got, and through which one a node is reached. Soft state: a record that is not
// repeated lapses.
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
    std::uint32_t promised = 0;  // places of `room`, then of `leaves`, since its advert
    Time promised_until = {};
  };

  void advert(const Advert &advert, Time until);
  // True: newer than what was known.
  bool here(const Here &here, Time until);
  void end(const Slug &slug) { streams_.erase(slug); }

  bool has(const Slug &slug) const { return streams_.contains(slug); }
  // The supernodes with room, without `but`: the fewest hops first and, among equals, the most room. If none
  // has room and `displace` is set, those with leaves. `room` and `leaves` are without what is promised.
  std::vector<Carrier> carriers(const Slug &slug, const Uuid &but, bool displace, Time now) const;
  std::vector<Carrier> carriers(const Slug &slug) const;  // all, also those without room, in any order
  // A search was sent there for one place. Other searches are sent elsewhere until its next advert, or until
  // `until`, because a carrier that hangs takes nobody.
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
