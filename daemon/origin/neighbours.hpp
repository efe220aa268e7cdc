// SPDX-License-Identifier: BSD-3-Clause
// Of many nodes a few for one who asks: some near it, the rest by chance, so that the load spreads and no
// network keeps to itself. Pure; the time a sample takes grows with the sample, not with the network.
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
  void put(const Node &node);  // again, when what it says has changed
  void remove(const std::string &uuid);

  // uuids, each once, at most `limit`. Supernodes; other nodes where there are too few of those. Up to three
  // quarters from the asker's own network, then uniformly from all. Those that are full come last.
  std::vector<std::string> sample(std::string_view asker, std::size_t limit, core::Rng &rng) const;

 private:
  enum Kind { supernode, full_supernode, plain, full_plain, kinds };
  enum Circle { neighbourhood, region, everywhere, circles };

  struct Entry {
    std::string uuid;
    Kind kind = plain;
    std::array<std::string, circles> circle;  // empty: in none (but everywhere)
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
