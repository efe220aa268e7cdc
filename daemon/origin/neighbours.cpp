// SPDX-License-Identifier: BSD-3-Clause
#include "origin/neighbours.hpp"

#include <algorithm>
#include <set>

#include "origin/address.hpp"

namespace astral::origin {

void Neighbours::put(const Node &node) {
  const bool out_of_reach = node.reachable == false;
  Kind kind = is_full(node) || out_of_reach ? full_plain : plain;
  if (node.supernode && !out_of_reach) kind = is_full(node) ? full_supernode : supernode;
  std::array<std::string, circles> circle;
  if (const auto address = Address::parse(node.ip_address)) {
    circle[neighbourhood] = address->neighbourhood();
    circle[region] = address->region();
  }
  const auto known = entries_.find(node.uuid);
  if (known != entries_.end()) {
    if (known->second.kind == kind && known->second.circle == circle) return;
    remove(node.uuid);
  }
  Entry &entry = entries_[node.uuid];
  entry.uuid = node.uuid;
  entry.kind = kind;
  entry.circle = std::move(circle);
  for (const Circle each : {neighbourhood, region, everywhere}) add(entry, each);
}

void Neighbours::remove(const std::string &uuid) {
  const auto known = entries_.find(uuid);
  if (known == entries_.end()) return;
  for (const Circle each : {neighbourhood, region, everywhere}) drop(known->second, each);
  entries_.erase(known);
}

void Neighbours::add(Entry &entry, Circle circle) {
  if (circle != everywhere && entry.circle[circle].empty()) return;
  Pool &pool = pools_[entry.kind][circle][entry.circle[circle]];
  entry.place[circle] = pool.size();
  pool.push_back(&entry);
}

// The last entry of the pool moves to the free place.
void Neighbours::drop(const Entry &entry, Circle circle) {
  if (circle != everywhere && entry.circle[circle].empty()) return;
  Pools &pools = pools_[entry.kind][circle];
  const auto found = pools.find(entry.circle[circle]);
  Pool &pool = found->second;
  pool[entry.place[circle]] = pool.back();
  pool[entry.place[circle]]->place[circle] = entry.place[circle];
  pool.pop_back();
  if (pool.empty()) pools.erase(found);
}

// The sample while it is drawn.
class Neighbours::Picked {
 public:
  Picked(std::size_t limit, core::Rng &rng) : limit_(limit), rng_(rng) {}

  // Draws up to `most` more nodes that are not in the sample yet, uniformly.
  void from(const Pools &pools, std::string_view key, std::size_t most) {
    const auto found = pools.find(key);
    if (found == pools.end()) return;
    const Pool &pool = found->second;
    const std::size_t enough = std::min(limit_, order_.size() + most);
    // In a large pool most draws are new, so it draws until it has enough; a small pool is shuffled.
    if (pool.size() > 4 * limit_) {
      while (order_.size() < enough) take(pool[rng_.below(pool.size())]);
      return;
    }
    Pool left = pool;
    while (order_.size() < enough && !left.empty()) {
      std::swap(left[rng_.below(left.size())], left.back());
      take(left.back());
      left.pop_back();
    }
  }

  bool is_full() const { return order_.size() >= limit_; }
  std::size_t room() const { return limit_ - order_.size(); }

  std::vector<std::string> uuids() {
    std::stable_partition(order_.begin(), order_.end(),
                          [](const Entry *e) { return e->kind == supernode || e->kind == plain; });
    std::vector<std::string> list;
    for (const Entry *entry : order_) list.push_back(entry->uuid);
    return list;
  }

 private:
  void take(const Entry *entry) {
    if (seen_.insert(entry).second) order_.push_back(entry);
  }

  const std::size_t limit_;
  core::Rng &rng_;
  std::vector<const Entry *> order_;
  std::set<const Entry *> seen_;
};

std::vector<std::string> Neighbours::sample(std::string_view asker, std::size_t limit, core::Rng &rng) const {
  Picked picked(limit, rng);
  const auto address = Address::parse(asker);
  for (const Kind kind : {supernode, full_supernode, plain, full_plain}) {
    if (picked.is_full()) break;
    const auto &pools = pools_[kind];
    if (address) {
      const std::size_t near = picked.room() - picked.room() / 4;
      const std::size_t room = picked.room();
      picked.from(pools[neighbourhood], address->neighbourhood(), near);
      const std::size_t taken = room - picked.room();
      picked.from(pools[region], address->region(), near - taken);
    }
    picked.from(pools[everywhere], "", picked.room());
  }
  return picked.uuids();
}

}  // namespace astral::origin
