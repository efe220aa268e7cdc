// SPDX-License-Identifier: BSD-3-Clause
// Decides when a viewer whose line is too thin skips to the newest group. A lag that shrinks is a catch-up
// after a cut and is left alone. Before a skip the provider is asked for its newest object, because a lag may
// also be the provider's own, and then there is nothing to skip to. Pure.
#pragma once

#include <optional>

#include "glue/time.hpp"
#include "moqt/object.hpp"

namespace astral::elements {

//   watching ──too late for `patience`──▶ asking ──answered()──▶ comparing ──▶ watching
class LagWatch {
 public:
  static constexpr Time patience = 2s;
  // A lag that shrinks by less than this within `patience` does not shrink. A line with 5 % to spare does
  // more.
  static constexpr Time progress = 75ms;
  // The line was cut, or the publisher was silent. Such a time says nothing about the line's rate.
  static constexpr Time pause = 500ms;
  // Whoever has the provider's newest object so soon after the answer is not late.
  static constexpr Time comparison = 300ms;
  // Without a skip and without a lag above a quarter of the maximum for this long, the line is wide enough.
  static constexpr Time calm = 60s;

  enum class Verdict {
    wait,
    ask,      // ask the provider for its largest object, then call answered()
    present,  // the reader has all that the provider has: the lag is the provider's
    skip,     // continue at target()
  };

  // `max`: 0 means that the lag does not matter.
  explicit LagWatch(Time max) : max_(max) {}

  // The reader has got the object `at`, `lag` after the time when it would arrive on an idle line.
  Verdict arrived(moqt::Location at, Time lag, Time now);
  // The provider's largest object is `largest`.
  void answered(moqt::Location largest, Time now);
  // The subscription has begun anew.
  void restart() { state_ = State::watching, lowest_.reset(); }
  moqt::Location target() const { return {largest_.group, 0}; }
  // The line was too thin a short time ago.
  bool thin(Time now) const { return thin_ && now - disturbed_ < calm; }

 private:
  enum class State { watching, asking, comparing };
  bool is_late(Time lag, Time now);

  const Time max_;
  State state_ = State::watching;
  std::optional<Time> lowest_;  // lag since `since_`; nullopt: it is below the maximum
  Time since_{};                // the lag has not shrunk since then
  Time last_{};                 // the last arrival
  moqt::Location largest_;
  Time answered_{};
  bool thin_ = false;
  Time disturbed_{};  // the last skip or great lag
};

}  // namespace astral::elements
