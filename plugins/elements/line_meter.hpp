// SPDX-License-Identifier: BSD-3-Clause
// Measures how late a stream's objects arrive, and which part of its bit rate the line carries. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "glue/time.hpp"

namespace astral::elements {

// **Units**: a `pts` is the publisher's running time in nanoseconds.
class LineMeter {
 public:
  static constexpr Time window = 4s;      // of the rates, and of the correction for the clocks' drift
  static constexpr Time max_drift = 2ms;  // per window: 500 ppm; quartz drifts less
  static constexpr Time max_lag = 60s;    // above it, and before -max_early, begins a new time line
  static constexpr Time max_early = 3s;
  static constexpr Time spacing = 50ms;  // between two samples of the rates

  struct Rates {
    std::uint64_t carried_bps = 0;  // what the line has brought; 0: not known
    std::uint64_t needed_bps = 0;   // what it would have brought if no object had been late
  };

  // On an idle line an object with this pts arrives at `at`. Only the first call counts.
  void anchor(std::int64_t pts, Time at);
  // An object has arrived; `received`: all bytes that the line has brought until then. Returns how late it
  // is.
  Time arrived(std::int64_t pts, std::uint64_t received, Time now);
  // What arrived last was not late.
  void settle();
  // Objects were skipped: what comes next says nothing about the rates before.
  void restart() { samples_.clear(); }
  Time lag() const { return lag_; }
  Rates rates() const;

 private:
  struct Sample {
    std::int64_t pts;
    std::uint64_t received;
    Time at;
  };
  void follow_drift(Time now);

  std::optional<Time> shortest_;  // the way of an object that is not late: arrival - pts
  std::optional<Time> recent_;    // the shortest way of this window
  Time window_start_{};
  Time way_{};  // of the last object
  Time lag_{};
  std::deque<Sample> samples_;
};

}  // namespace astral::elements
