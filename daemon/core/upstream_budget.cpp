// SPDX-License-Identifier: BSD-3-Clause
#include "core/upstream_budget.hpp"

#include <algorithm>
#include <cassert>

namespace astral::core {
namespace {
constexpr std::uint64_t max_rate_bps = max_rate_kbps * 1000;  // sums must not overflow
}

bool UpstreamBudget::fits(const Slug &slug) const {
  if (full()) return false;
  if (tries_one_ && children_ <= thin_) return true;
  if (!limit_bps_) return !unknown_;
  const std::uint64_t used = used_bps();
  return used <= *limit_bps_ && cost_bps(slug) <= *limit_bps_ - used;
}

std::uint32_t UpstreamBudget::places(const Slug &slug) const {
  if (!fits(slug)) return 0;
  std::uint64_t places = max_children_ - children_;
  if (limit_bps_) {
    const std::uint64_t left = *limit_bps_ - std::min(*limit_bps_, used_bps());
    places = std::min(places, left / std::max<std::uint64_t>(cost_bps(slug), 1));
  } else if (unknown_) {
    places = 0;
  }
  if (tries_one_ && children_ <= thin_) places = std::max<std::uint64_t>(places, 1);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(places, max_room));
}

bool UpstreamBudget::reserve(const Slug &slug) {
  if (!fits(slug)) return false;
  ++loads_[slug].children;
  ++children_;
  return true;
}

bool UpstreamBudget::overcommit(const Slug &slug) {
  if (unknown_) return false;
  if (max_children_ == 0 || children_ >= max_children_ + std::max(1u, max_children_ / overcommit_part))
    return false;
  if (limit_bps_) {
    const std::uint64_t cost = cost_bps(slug);
    const std::uint64_t used = used_bps();
    const std::uint64_t beyond = used > *limit_bps_ ? used - *limit_bps_ + cost : 0;
    if (cost > *limit_bps_ || beyond > std::max(cost, *limit_bps_ / overcommit_part)) return false;
  }
  Load &load = loads_[slug];
  ++load.children;
  ++load.overcommitted;
  ++children_;
  ++overcommitted_;
  return true;
}

bool UpstreamBudget::cover(const Slug &slug) {
  if (children_ - overcommitted_ >= max_children_) return false;
  if (limit_bps_) {
    const std::uint64_t used = used_bps() - overcommitted_bps();
    if (used > *limit_bps_ || cost_bps(slug) > *limit_bps_ - used) return false;
  }
  Load &load = loads_.at(slug);
  assert(load.overcommitted > 0);
  --load.overcommitted;
  --overcommitted_;
  return true;
}

void UpstreamBudget::uncover(const Slug &slug) {
  Load &load = loads_.at(slug);
  assert(load.overcommitted < load.children);
  ++load.overcommitted;
  ++overcommitted_;
}

void UpstreamBudget::release(const Slug &slug, bool overcommitted) {
  const auto load = loads_.find(slug);
  assert(load != loads_.end() && load->second.children > 0 && children_ > 0);
  --load->second.children;
  --children_;
  if (!overcommitted) return;
  assert(load->second.overcommitted > 0);
  --load->second.overcommitted;
  --overcommitted_;
}

void UpstreamBudget::measured(const Slug &slug, std::uint64_t rate_bps) {
  if (rate_bps == 0) return;  // paused: the child still needs its room
  rate_bps = std::min(rate_bps, max_rate_bps);
  Load &load = loads_[slug];
  load.measured_bps = std::max(rate_bps, load.measured_bps - load.measured_bps / 8);
}

void UpstreamBudget::told(const StreamInfo &stream) {
  if (stream.bitrate_kbps == 0) return;
  loads_[stream.slug].told_bps = std::min(stream.bitrate_kbps, max_rate_kbps) * 1000;
}

void UpstreamBudget::forget(const Slug &slug) {
  const auto load = loads_.find(slug);
  if (load == loads_.end()) return;
  assert(load->second.children == 0);
  loads_.erase(load);
}

std::uint64_t UpstreamBudget::used_bps() const {
  std::uint64_t used = 0;
  for (const auto &[slug, load] : loads_) used += load.children * cost_bps(load);
  return used;
}

std::uint64_t UpstreamBudget::overcommitted_bps() const {
  std::uint64_t overcommitted = 0;
  for (const auto &[slug, load] : loads_) overcommitted += load.overcommitted * cost_bps(load);
  return overcommitted;
}

std::uint32_t UpstreamBudget::children(const Slug &slug) const {
  const auto load = loads_.find(slug);
  return load == loads_.end() ? 0 : load->second.children;
}

std::uint64_t UpstreamBudget::cost_bps(const Slug &slug) const {
  const auto load = loads_.find(slug);
  return cost_bps(load == loads_.end() ? Load{} : load->second);
}

std::uint64_t UpstreamBudget::cost_bps(const Load &load) const {
  const std::uint64_t rate_bps = std::max(load.told_bps, load.measured_bps);
  if (rate_bps > 0) return wire_bps(rate_bps);
  return limit_bps_ ? std::clamp(*limit_bps_, least_unknown_bps, unknown_bps) : unknown_bps;
}

}  // namespace astral::core
