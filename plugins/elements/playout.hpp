// SPDX-License-Identifier: BSD-3-Clause
// Maps the publisher's running time to ours. Decides the offset between the two: from where the stream is
// now, as the provider says, or from the objects that took the shortest way; corrected slowly while the two
// clocks drift apart, at once when the publisher starts anew or all objects are late.
#pragma once

#include <cstdint>
#include <optional>

namespace astral::elements {

// Units: nanoseconds.
class Playout {
 public:
  static constexpr std::int64_t window = 4'000'000'000;  // in which the shortest way is looked for
  static constexpr std::int64_t max_step = 2'000'000;    // correction a window: 500 ppm, quartz drifts less
  static constexpr std::int64_t max_late = 50'000'000;   // all of a window: the way is longer now
  static constexpr std::int64_t max_distance = 3'000'000'000;  // between two objects: another time line
  static constexpr std::int64_t max_age = 30'000'000'000;  // of what is fetched before the stream's present

  // An object of `pts` that took the shortest way would come at our running time `now`. The first word
  // counts.
  void anchor(std::int64_t pts, std::int64_t now);
  // Our running time for `pts`, of an object that came at our running time `arrival`; may be negative. One
  // that `was_held` waited for its reader: it says nothing of the way.
  std::int64_t map(std::int64_t pts, std::int64_t arrival, bool was_held = false);
  // The last map() began another time line.
  bool restarted() const { return restarted_; }
  std::optional<std::int64_t> offset() const { return offset_; }

 private:
  void begin(std::int64_t offset, std::int64_t now);

  std::optional<std::int64_t> offset_;
  std::optional<std::int64_t> last_;  // pts
  std::int64_t window_start_ = 0;
  std::optional<std::int64_t> shortest_;  // least arrival - pts in this window, of those that were not held
  bool restarted_ = false;
};

}  // namespace astral::elements
