// SPDX-License-Identifier: BSD-3-Clause
#include "elements/playout.hpp"

#include <algorithm>

namespace astral::elements {

namespace {

// A hostile pts may have any value, so these wrap instead of overflowing.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}

}  // namespace

void Playout::begin(std::int64_t offset, std::int64_t now) {
  offset_ = shortest_ = offset;
  window_start_ = now;
}

void Playout::anchor(std::int64_t pts, std::int64_t now) {
  if (!offset_) begin(minus(now, pts), now);
}

std::int64_t Playout::map(std::int64_t pts, std::int64_t arrival, bool was_held) {
  const std::int64_t way = minus(arrival, pts);
  const bool follows = !last_ || within(minus(pts, *last_), -max_distance, max_distance);
  const bool plausible = offset_ && within(minus(way, *offset_), -max_distance, max_age);
  restarted_ = last_ && !(follows && plausible);
  last_ = pts;
  if (restarted_ || !plausible) {
    begin(way, arrival);
    return plus(pts, way);
  }
  if (!was_held && (!shortest_ || minus(way, *shortest_) < 0)) shortest_ = way;
  if (arrival - window_start_ >= window) {
    if (shortest_) {
      const std::int64_t late = minus(*shortest_, *offset_);
      restarted_ = late > max_late;
      offset_ = plus(*offset_, restarted_ ? late : std::clamp(late, -max_step, max_step));
    }
    window_start_ = arrival;
    shortest_ = was_held ? std::nullopt : std::optional(way);
  }
  return plus(pts, *offset_);
}

}  // namespace astral::elements
