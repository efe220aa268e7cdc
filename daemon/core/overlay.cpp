// SPDX-License-Identifier: BSD-3-Clause
#include "core/overlay.hpp"

#include <algorithm>
#include <bit>

namespace astral::core {

// FNV-1a, then the finalizer of splitmix64: short names differ in a few low bits only.
Key key_of(std::string_view name) {
  Key key = 0xcbf29ce484222325u;
  for (const char c : name) key = (key ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
  key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
  return key ^ (key >> 31);
}

// 0 is the far half of all keys, 63 the nearest neighbour.
std::size_t Overlay::distance(Key key) const {
  return static_cast<std::size_t>(std::countl_zero(key ^ self_));
}

std::size_t Overlay::linked_at(std::size_t at) const {
  return static_cast<std::size_t>(std::count_if(known_.begin(), known_.end(), [&](const auto &entry) {
    return entry.second.peer != 0 && distance(entry.first) == at;
  }));
}

std::size_t Overlay::known_at(std::size_t at) const {
  return static_cast<std::size_t>(std::count_if(
      known_.begin(), known_.end(), [&](const auto &entry) { return distance(entry.first) == at; }));
}

bool Overlay::know(const Uuid &uuid) {
  const Key key = key_of(uuid);
  if (key == self_ || known_.contains(key)) return false;
  if (known_at(distance(key)) >= known_per_distance) return false;
  known_.emplace(key, Known{.uuid = uuid});
  return true;
}

void Overlay::forget(const Uuid &uuid) {
  known_.erase(key_of(uuid));
}

void Overlay::link(const Uuid &uuid, PeerId peer) {
  if (key_of(uuid) == self_) return;
  Known &known = known_[key_of(uuid)];
  known.uuid = uuid;
  if (known.peer == 0) known.peer = peer;
}

void Overlay::unlink(PeerId peer) {
  const auto linked =
      std::find_if(known_.begin(), known_.end(), [&](const auto &entry) { return entry.second.peer == peer; });
  if (linked == known_.end()) return;
  linked->second.peer = 0;
  if (known_at(distance(linked->first)) > known_per_distance) known_.erase(linked);
}

std::vector<PeerId> Overlay::links() const {
  std::vector<PeerId> peers;
  for (const auto &[key, known] : known_)
    if (known.peer != 0) peers.push_back(known.peer);
  return peers;
}

std::optional<PeerId> Overlay::next(Key key) const {
  Key best = key ^ self_;
  std::optional<PeerId> peer;
  for (const auto &[at, known] : known_) {
    if (known.peer == 0 || (at ^ key) >= best) continue;
    best = at ^ key;
    peer = known.peer;
  }
  return peer;
}

std::vector<PeerId> Overlay::copies(Key key, std::size_t most) const {
  std::vector<std::pair<Key, PeerId>> near;
  for (const auto &[at, known] : known_)
    if (known.peer != 0) near.emplace_back(at ^ key, known.peer);
  const std::size_t count = std::min(most, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end());
  std::vector<PeerId> peers;
  for (std::size_t i = 0; i < count; ++i) peers.push_back(near[i].second);
  return peers;
}

std::vector<Uuid> Overlay::wanted() const {
  std::map<std::size_t, std::size_t> links;
  for (const auto &[key, known] : known_)
    if (known.peer != 0) ++links[distance(key)];
  std::vector<Uuid> uuids;
  for (const auto &[key, known] : known_) {
    if (known.peer != 0 || links[distance(key)] >= links_per_distance) continue;
    ++links[distance(key)];
    uuids.push_back(known.uuid);
  }
  return uuids;
}

bool Overlay::needed(PeerId peer) const {
  for (const auto &[key, known] : known_)
    if (known.peer == peer) return linked_at(distance(key)) <= links_per_distance;
  return false;
}

std::vector<Uuid> Overlay::nearest(Key key, std::size_t most) const {
  std::vector<std::pair<Key, const Uuid *>> near;
  for (const auto &[at, known] : known_)
    if (at != key) near.emplace_back(at ^ key, &known.uuid);
  const std::size_t count = std::min(most, near.size());
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end());
  std::vector<Uuid> uuids;
  for (std::size_t i = 0; i < count; ++i) uuids.push_back(*near[i].second);
  return uuids;
}

std::vector<Uuid> Overlay::spread(std::size_t most, std::uint64_t chance) const {
  std::map<std::size_t, std::vector<const Uuid *>> distances;
  for (const auto &[key, known] : known_) distances[distance(key)].push_back(&known.uuid);
  std::vector<Uuid> uuids;
  for (const auto &[at, there] : distances) {
    if (uuids.size() == most) break;
    uuids.push_back(*there[chance % there.size()]);
    chance = chance * 6364136223846793005u + 1442695040888963407u;
  }
  return uuids;
}

}  // namespace astral::core
