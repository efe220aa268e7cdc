// SPDX-License-Identifier: BSD-3-Clause
#include "elements/line_meter.hpp"

#include <algorithm>

namespace astral::elements {

namespace {

// A hostile pts may have any value, so this wraps instead of overflowing.
Time minus(Time a, Time b) {
  return Time(
      static_cast<Time::rep>(static_cast<std::uint64_t>(a.count()) - static_cast<std::uint64_t>(b.count())));
}

std::uint64_t bps(std::uint64_t bytes, Time time) {
  return static_cast<std::uint64_t>(static_cast<double>(bytes) * 8e9 / static_cast<double>(time.count()));
}

}  // namespace

void LineMeter::anchor(std::int64_t pts, Time at) {
  if (!shortest_) shortest_ = minus(at, Time(pts));
}

Time LineMeter::arrived(std::int64_t pts, std::uint64_t received, Time now) {
  way_ = minus(now, Time(pts));
  if (!shortest_) shortest_ = way_;
  const Time longer = minus(way_, *shortest_);
  if (longer < -max_early || longer > max_lag) {
    settle();
    samples_.clear();
  }
  *shortest_ = std::min(*shortest_, way_);
  follow_drift(now);
  lag_ = minus(way_, *shortest_);
  if (samples_.empty() || now - samples_.back().at >= spacing) samples_.push_back({pts, received, now});
  while (now - samples_.front().at > window) samples_.pop_front();
  return lag_;
}

void LineMeter::follow_drift(Time now) {
  if (!recent_) window_start_ = now;
  recent_ = std::min(recent_.value_or(way_), way_);
  if (now - window_start_ < window) return;
  const Time drift = std::clamp(minus(*recent_, *shortest_), 0ns, max_drift);
  *shortest_ = minus(*shortest_, -drift);
  recent_.reset();
}

void LineMeter::settle() {
  shortest_ = way_;
  recent_.reset();
  lag_ = {};
}

LineMeter::Rates LineMeter::rates() const {
  if (samples_.size() < 2) return {};
  const Sample &first = samples_.front(), &last = samples_.back();
  const Time played = minus(Time(last.pts), Time(first.pts));
  const std::uint64_t bytes = last.received - first.received;
  if (last.at - first.at < window / 2 || played <= 0ns) return {};
  return {bps(bytes, last.at - first.at), bps(bytes, played)};
}

}  // namespace astral::elements
