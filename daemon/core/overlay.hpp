// SPDX-License-Identifier: BSD-3-Clause
// Where names lie on the ring of 64-bit keys, and which supernodes this one knows and holds sessions with: a
// few in each of the 64 distances (Kademlia, Maymounkov and Mazières 2002), so that whoever lies nearest to a
// key is log2(n) steps away at most. Decides nothing else; knows no message and no time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/types.hpp"

namespace astral::core {

using Key = std::uint64_t;

// The same on every machine. Streams and nodes share one space: a stream's slug and a node's uuid.
Key key_of(std::string_view name);

class Overlay {
 public:
  static constexpr std::size_t links_per_distance = 3;
  static constexpr std::size_t known_per_distance = 12;

  explicit Overlay(const Uuid &self) : self_(key_of(self)) {}

  // Supernodes heard of. False: this distance is full, or it is known.
  bool know(const Uuid &uuid);
  void forget(const Uuid &uuid);
  bool knows(const Uuid &uuid) const { return known_.contains(key_of(uuid)); }
  std::size_t known() const { return known_.size(); }
  void clear() { known_.clear(); }

  // Sessions with supernodes, whoever opened them. One that ends is forgotten where enough are known.
  void link(const Uuid &uuid, PeerId peer);
  void unlink(PeerId peer);
  std::vector<PeerId> links() const;

  // The session one step nearer to `key`; none: this node is the nearest, the owner of the key.
  std::optional<PeerId> next(Key key) const;
  // The linked ones nearest to `key`, at most `most`: they keep copies of what this node keeps.
  std::vector<PeerId> copies(Key key, std::size_t most) const;
  // Known, not linked, and their distance has too few links.
  std::vector<Uuid> wanted() const;
  // One of the links that make its distance complete: not to be dropped for idleness.
  bool needed(PeerId peer) const;
  // The known ones nearest to `key`, but not the one that has it.
  std::vector<Uuid> nearest(Key key, std::size_t most) const;
  // One in every distance, beginning with the far ones, chosen by `chance`.
  std::vector<Uuid> spread(std::size_t most, std::uint64_t chance) const;

 private:
  struct Known {
    Uuid uuid;
    PeerId peer = 0;  // 0: no session
  };
  std::size_t distance(Key key) const;
  std::size_t linked_at(std::size_t distance) const;
  std::size_t known_at(std::size_t distance) const;

  Key self_;
  std::map<Key, Known> known_;
};

}  // namespace astral::core
