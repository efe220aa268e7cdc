// SPDX-License-Identifier: BSD-3-Clause
#include "core/room.hpp"

#include <algorithm>
#include <cassert>

#include "core/limits.hpp"

namespace astral::core {
namespace {
constexpr std::uint64_t max_rate_bps = max_rate_kbps * 1000;  // sums must not overflow
}

bool Room::fits(const Slug &slug) const {
  if (children_ >= max_children_) return false;
  if (!limit_bps_) return true;
  const std::uint64_t used = used_bps();
  return used <= *limit_bps_ && rate_bps(slug) <= *limit_bps_ - used;
}

std::uint32_t Room::places(const Slug &slug) const {
  if (!fits(slug)) return 0;
  std::uint64_t places = max_children_ - children_;
  if (limit_bps_)
    places = std::min(places, (*limit_bps_ - used_bps()) / std::max<std::uint64_t>(rate_bps(slug), 1));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(places, max_room));
}

bool Room::take(const Slug &slug) {
  if (!fits(slug)) return false;
  ++loads_[slug].children;
  ++children_;
  return true;
}

void Room::give_back(const Slug &slug) {
  const auto load = loads_.find(slug);
  assert(load != loads_.end() && load->second.children > 0 && children_ > 0);
  --load->second.children;
  --children_;
}

void Room::measured(const Slug &slug, std::uint64_t rate_bps) {
  if (rate_bps == 0) return;  // paused, not free
  rate_bps = std::min(rate_bps, max_rate_bps);
  Load &load = loads_[slug];
  load.rate_bps = load.measured ? std::max(rate_bps, load.rate_bps - load.rate_bps / 8) : rate_bps;
  load.measured = true;
}

void Room::told(const StreamInfo &stream) {
  if (stream.bitrate_kbps == 0) return;
  Load &load = loads_[stream.slug];
  if (!load.measured) load.rate_bps = std::min(stream.bitrate_kbps, max_rate_kbps) * 1000;
}

void Room::forget(const Slug &slug) {
  const auto load = loads_.find(slug);
  if (load == loads_.end()) return;
  assert(load->second.children == 0);
  loads_.erase(load);
}

std::uint64_t Room::used_bps() const {
  std::uint64_t used = 0;
  for (const auto &[slug, load] : loads_)
    used += load.children * (load.rate_bps == 0 ? unmeasured_bps : load.rate_bps);
  return used;
}

std::uint32_t Room::children(const Slug &slug) const {
  const auto load = loads_.find(slug);
  return load == loads_.end() ? 0 : load->second.children;
}

std::uint64_t Room::rate_bps(const Slug &slug) const {
  const auto load = loads_.find(slug);
  return load == loads_.end() || load->second.rate_bps == 0 ? unmeasured_bps : load->second.rate_bps;
}

}  // namespace astral::core
