// SPDX-License-Identifier: BSD-3-Clause
// The ring of 64-bit keys, and the supernodes that this one knows or has sessions with: a few in each of the
// 64 distances (Kademlia, Maymounkov and Mazières 2002). So the supernode nearest to a key, its owner, is
// log2(n) steps away at most. Knows no message and no time.
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

  // A supernode that we heard of. False: its distance is full, or it is known already.
  bool know(const Uuid &uuid);
  void forget(const Uuid &uuid);
  bool knows(const Uuid &uuid) const { return known_.contains(key_of(uuid)); }
  std::size_t known() const { return known_.size(); }
  void clear() { known_.clear(); }

  // Sessions with supernodes, opened by either side. A supernode whose session ends is forgotten if enough
  // others are known.
  void link(const Uuid &uuid, PeerId peer);
  void unlink(PeerId peer);
  std::vector<PeerId> links() const;

  // The session one step nearer to `key`. None: this node is the nearest, the owner of the key.
  std::optional<PeerId> next(Key key) const;
  // The sessions nearest to `key`, at most `most`: these supernodes keep copies of our records.
  std::vector<PeerId> copies(Key key, std::size_t most) const;
  // Supernodes that are known and not linked, and whose distance has too few links.
  std::vector<Uuid> wanted() const;
  // Its distance needs this link, so it is not dropped when idle.
  bool needed(PeerId peer) const;
  // The known supernodes nearest to `key`, without the one whose own key it is.
  std::vector<Uuid> nearest(Key key, std::size_t most) const;
  // One of each distance, the far ones first. `chance` chooses.
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
