// SPDX-License-Identifier: BSD-3-Clause
// Two parents bring the same stream for a moment: whether the one that came later is where the other is.
// A link that has just come up is slow at first, so until then the other one is needed. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "glue/time.hpp"

namespace astral::media {

class Overlap {
 public:
  using Place = std::pair<std::uint64_t, std::uint64_t>;  // group, object
  static constexpr Time near = 100ms;                     // so late is not late
  static constexpr Time patience = 800ms;  // after its first object: it will always be a little behind

  // It brings `object` while the first that nobody has brought is `need`; nothing: nobody brought any.
  bool caught_up(Place object, std::optional<Place> need, Time now);

 private:
  struct Need {
    Time at{};
    Place place;
  };
  std::optional<Time> began_;
  std::deque<Need> needs_;  // of the last moment; the oldest is `near` ago, or older
};

}  // namespace astral::media
