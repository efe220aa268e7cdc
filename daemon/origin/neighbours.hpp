// SPDX-License-Identifier: BSD-3-Clause
// Chooses a sample of all nodes for a caller: some from its own network, the rest at random, so that the load
// spreads and networks stay connected with each other. Pure. The time for a sample grows with the sample, not
// with the number of nodes.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/rng.hpp"
#include "origin/records.hpp"

namespace astral::origin {

class Neighbours {
 public:
  void put(const Node &node);  // adds it, or replaces what was known of it
  void remove(const std::string &uuid);

  // At most `limit` different uuids: supernodes, and other nodes if there are too few supernodes. Up to three
  // quarters are from the asker's own network, the rest is drawn uniformly from all. Full nodes come last,
  // and nodes that the origin could not reach: whatever they are, nobody can connect to them.
  std::vector<std::string> sample(std::string_view asker, std::size_t limit, core::Rng &rng) const;

 private:
  enum Kind { supernode, full_supernode, plain, full_plain, kinds };
  enum Circle { neighbourhood, region, everywhere, circles };

  struct Entry {
    std::string uuid;
    Kind kind = plain;
    std::array<std::string, circles> circle;  // the network's key; empty: the address is unknown
    std::array<std::size_t, circles> place{};
  };
  using Pool = std::vector<Entry *>;
  using Pools = std::map<std::string, Pool, std::less<>>;
  class Picked;

  void add(Entry &entry, Circle circle);
  void drop(const Entry &entry, Circle circle);

  std::map<std::string, Entry> entries_;
  std::array<std::array<Pools, circles>, kinds> pools_;
};

}  // namespace astral::origin
