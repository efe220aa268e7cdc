// SPDX-License-Identifier: BSD-3-Clause
// When a parent that gives up what others have is replaced.
#include "elements/lack_watch.hpp"

#include <gtest/gtest.h>

namespace astral::elements {
namespace {

track::Span gap(std::uint64_t object) {
  return {{7, object}, {7, object + 2}};
}

TEST(LackWatch, ThreeGapsWithinThePeriodAreTooMany) {
  LackWatch watch;
  watch.given_up(gap(1));
  EXPECT_FALSE(watch.filled({7, 1}, 1s));
  EXPECT_FALSE(watch.filled({7, 2}, 1s));  // the same gap
  watch.given_up(gap(5));
  EXPECT_FALSE(watch.filled({7, 6}, 2s));
  watch.given_up(gap(9));
  EXPECT_TRUE(watch.filled({7, 9}, 11s));
  watch.given_up(gap(12));
  EXPECT_FALSE(watch.filled({7, 12}, 11s));  // counts anew
}

TEST(LackWatch, RareGapsAreNot) {
  LackWatch watch;
  for (std::uint64_t i = 0; i < 10; ++i) {
    watch.given_up(gap(4 * i));
    EXPECT_FALSE(watch.filled({7, 4 * i}, 6s * i));
  }
}

TEST(LackWatch, OnlyWhatTheParentGaveUpCounts) {
  LackWatch watch;
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_FALSE(watch.filled({7, 4 * i}, 1s));
    watch.given_up(gap(4 * i));
    EXPECT_FALSE(watch.filled({7, 4 * i + 2}, 1s));
  }
}

}  // namespace
}  // namespace astral::elements
