// SPDX-License-Identifier: BSD-3-Clause
// While two parents bring the same stream: decides whether the newer one has caught up with the older one.
// A new link is slow at first, so the older parent is needed until then. Pure.
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
  static constexpr Time near = 100ms;                     // no more behind than this counts as caught up
  static constexpr Time patience = 800ms;  // after its first object; a longer path stays a little behind

  // The newer parent brings `object`. `need`: the first object that no parent has brought, if any came.
  bool caught_up(Place object, std::optional<Place> need, Time now);

 private:
  struct Need {
    Time at{};
    Place place;
  };
  std::optional<Time> began_;
  std::deque<Need> needs_;  // the recent ones; the oldest is at least `near` ago
};

}  // namespace astral::media
