// SPDX-License-Identifier: BSD-3-Clause
#include "core/records.hpp"

#include <algorithm>
#include <utility>

#include "core/limits.hpp"
#include "core/ranking.hpp"

namespace astral::core {
namespace {

Records::Carrier unpromised(Records::Carrier carrier, Time now) {
  if (carrier.promised_until <= now) return carrier;
  const std::uint32_t places = std::min(carrier.promised, carrier.room);
  carrier.room -= places;
  carrier.leaves -= std::min(carrier.promised - places, carrier.leaves);
  return carrier;
}

}  // namespace

void Records::advert(const Advert &advert, Time until) {
  auto found = streams_.find(advert.slug);
  if (found == streams_.end()) {
    if (advert.over || streams_.size() >= max_records) return;
    found = streams_.try_emplace(advert.slug).first;
  }
  Stream &stream = found->second;
  stream.until = std::max(stream.until, until);
  const Uuid &uuid = advert.supernode.uuid;
  if (advert.over) {
    stream.carriers.erase(uuid);
    return;
  }
  if (stream.carriers.size() >= max_record_carriers && !stream.carriers.contains(uuid)) {
    const auto worse = [](const auto &a, const auto &b) {
      if ((a.second.room == 0) != (b.second.room == 0)) return a.second.room == 0;
      if ((a.second.leaves == 0) != (b.second.leaves == 0)) return a.second.leaves == 0;
      return a.second.hops > b.second.hops;
    };
    const auto worst = std::min_element(stream.carriers.begin(), stream.carriers.end(), worse);
    if (advert.room == 0 || (worst->second.room > 0 && worst->second.hops <= advert.hops)) return;
    stream.carriers.erase(worst);
  }
  stream.carriers[uuid] = {.supernode = advert.supernode,
                           .hops = advert.hops,
                           .room = advert.room,
                           .leaves = advert.leaves,
                           .until = until};
}

bool Records::here(const Here &here, Time until) {
  const auto found = nodes_.find(here.place.uuid);
  if (found == nodes_.end()) {
    if (nodes_.size() >= max_records) return false;
    nodes_.emplace(here.place.uuid, Node{.place = here.place, .updated = here.updated, .until = until});
    return true;
  }
  if (here.updated < found->second.updated) return false;
  found->second = {.place = here.place, .updated = here.updated, .until = until};
  return true;
}

std::vector<Records::Carrier> Records::carriers(const Slug &slug, const Uuid &but, bool displace,
                                                Time now) const {
  std::vector<Carrier> list;
  std::vector<Carrier> with_leaves;
  const auto found = streams_.find(slug);
  if (found == streams_.end()) return list;
  for (const auto &[uuid, known] : found->second.carriers) {
    const Carrier now_free = unpromised(known, now);
    if (now_free.room > 0 && uuid != but) list.push_back(now_free);
    if (now_free.leaves > 0) with_leaves.push_back(now_free);
  }
  if (list.empty() && displace) list = std::move(with_leaves);
  std::stable_sort(list.begin(), list.end(), [](const Carrier &a, const Carrier &b) {
    return Rank{.hops = a.hops, .room = a.room} < Rank{.hops = b.hops, .room = b.room};
  });
  return list;
}

std::vector<Records::Carrier> Records::carriers(const Slug &slug) const {
  std::vector<Carrier> list;
  const auto found = streams_.find(slug);
  if (found == streams_.end()) return list;
  for (const auto &[uuid, known] : found->second.carriers) list.push_back(known);
  return list;
}

void Records::promised(const Slug &slug, const Uuid &supernode, Time until) {
  const auto found = streams_.find(slug);
  if (found == streams_.end()) return;
  const auto carrier = found->second.carriers.find(supernode);
  if (carrier == found->second.carriers.end()) return;
  Carrier &one = carrier->second;
  one.promised = std::min(one.promised + 1, one.room + one.leaves);
  one.promised_until = until;
}

void Records::unreachable(const Uuid &supernode) {
  for (auto &[slug, stream] : streams_) stream.carriers.erase(supernode);
}

std::optional<Place> Records::place(const Uuid &uuid) const {
  const auto found = nodes_.find(uuid);
  return found == nodes_.end() ? std::nullopt : std::optional(found->second.place);
}

void Records::lapse(Time now) {
  std::erase_if(nodes_, [&](const auto &entry) { return entry.second.until <= now; });
  for (auto &[slug, stream] : streams_)
    std::erase_if(stream.carriers, [&](const auto &entry) { return entry.second.until <= now; });
  std::erase_if(streams_, [&](const auto &entry) {
    return entry.second.until <= now && entry.second.carriers.empty();
  });
}

void Records::clear() {
  streams_.clear();
  nodes_.clear();
}

}  // namespace astral::core
