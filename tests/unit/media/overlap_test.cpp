// SPDX-License-Identifier: BSD-3-Clause
#include "media/overlap.hpp"

#include <gtest/gtest.h>

namespace astral::media {
namespace {

TEST(Overlap, AParentThatBringsNewObjectsHasCaughtUp) {
  EXPECT_TRUE(Overlap().caught_up({7, 3}, std::nullopt, 1s));
  EXPECT_TRUE(Overlap().caught_up({7, 3}, Overlap::Place{7, 3}, 1s));
  EXPECT_FALSE(Overlap().caught_up({7, 3}, Overlap::Place{7, 4}, 1s));
}

// The older parent brings an object every 10 ms. The newer one begins `behind` objects later and brings
// `speed` objects in that time.
Time time_to_catch_up(std::uint64_t behind, std::uint64_t speed) {
  Overlap overlap;
  std::uint64_t own = 0;
  for (Time now{}; now < 2s; now += 10ms) {
    const std::uint64_t need = behind + static_cast<std::uint64_t>(now / 10ms);
    own = std::min(own + speed, need - 1);
    if (overlap.caught_up({own / 50, own % 50}, Overlap::Place{need / 50, need % 50}, now)) return now;
  }
  return never;
}

TEST(Overlap, AParentThatIsLessThan100MsBehindHasCaughtUp) {
  EXPECT_EQ(time_to_catch_up(1, 1), Overlap::near);         // always second, by little
  EXPECT_EQ(time_to_catch_up(40, 2), 280ms);                // when 10 objects behind: near
  EXPECT_EQ(time_to_catch_up(1000, 1), Overlap::patience);  // as far behind for ever
}

}  // namespace
}  // namespace astral::media
