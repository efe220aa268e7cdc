// SPDX-License-Identifier: BSD-3-Clause
#include "core/records.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace astral::core {

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

std::vector<Records::Carrier> Records::carriers(const Slug &slug, std::size_t most, const Uuid &but,
                                                bool displace) const {
  std::vector<Carrier> list;
  const auto found = streams_.find(slug);
  if (found == streams_.end()) return list;
  for (const auto &[uuid, carrier] : found->second.carriers)
    if (carrier.room > 0 && uuid != but) list.push_back(carrier);
  if (list.empty() && displace)
    for (const auto &[uuid, carrier] : found->second.carriers)
      if (carrier.leaves > 0) list.push_back(carrier);
  std::stable_sort(list.begin(), list.end(), [](const Carrier &a, const Carrier &b) {
    return a.hops != b.hops ? a.hops < b.hops : a.room > b.room;
  });
  if (list.size() > most) list.resize(most);
  return list;
}

void Records::promised(const Slug &slug, const Uuid &supernode) {
  const auto found = streams_.find(slug);
  if (found == streams_.end()) return;
  const auto carrier = found->second.carriers.find(supernode);
  if (carrier == found->second.carriers.end()) return;
  std::uint32_t &places = carrier->second.room > 0 ? carrier->second.room : carrier->second.leaves;
  if (places > 0) --places;
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
