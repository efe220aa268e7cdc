// SPDX-License-Identifier: BSD-3-Clause
// Maps the publisher's running time to ours. The offset comes from the provider's present_property, or from
// the objects with the shortest way. It is corrected slowly while the two clocks drift, and at once if the
// publisher restarts or all objects are late.
#pragma once

#include <cstdint>
#include <optional>

namespace astral::elements {

// **Units**: nanoseconds.
class Playout {
 public:
  static constexpr std::int64_t window = 4'000'000'000;  // the time over which the shortest way is measured
  static constexpr std::int64_t max_step = 2'000'000;    // correction per window: 500 ppm; quartz drifts less
  static constexpr std::int64_t max_late = 50'000'000;   // if a whole window is later, the way is longer now
  static constexpr std::int64_t max_distance = 3'000'000'000;  // between two objects; above: a new time line
  static constexpr std::int64_t max_age = 30'000'000'000;  // of fetched objects, before the present

  // Sets the offset: an object with `pts` that took the shortest way would arrive at our running time `now`.
  // Only the first call counts.
  void anchor(std::int64_t pts, std::int64_t now);
  // Our running time for an object with `pts` that arrived at our running time `arrival`; may be negative.
  // `was_held`: the object waited for its reader, so its arrival says nothing about the way.
  std::int64_t map(std::int64_t pts, std::int64_t arrival, bool was_held = false);
  // True if the last map() began a new time line.
  bool restarted() const { return restarted_; }
  std::optional<std::int64_t> offset() const { return offset_; }

 private:
  void begin(std::int64_t offset, std::int64_t now);

  std::optional<std::int64_t> offset_;
  std::optional<std::int64_t> last_;  // pts
  std::int64_t window_start_ = 0;
  std::optional<std::int64_t> shortest_;  // smallest arrival - pts in this window
  bool restarted_ = false;
};

}  // namespace astral::elements
