// SPDX-License-Identifier: BSD-3-Clause
#include "elements/gap_watch.hpp"

#include <gtest/gtest.h>

namespace astral::elements {
namespace {

constexpr track::Span from(std::uint64_t object) {
  return {{7, object}, {8, 0}};
}

TEST(GapWatch, AsksAfterATimeWithoutProgressAndRepeats) {
  GapWatch watch;
  EXPECT_FALSE(watch.ask(std::nullopt, false, 10s));
  EXPECT_EQ(watch.deadline(), never);
  EXPECT_FALSE(watch.ask(from(1), false, 10s));
  EXPECT_EQ(watch.deadline(), 10s + GapWatch::patience);
  EXPECT_FALSE(watch.ask(from(2), false, 10200ms));  // there is progress, but slow
  EXPECT_FALSE(watch.ask(from(2), false, 10499ms));
  EXPECT_TRUE(watch.ask(from(2), false, 10500ms));
  EXPECT_FALSE(watch.ask(from(2), false, 10600ms));
  EXPECT_TRUE(watch.ask(from(2), false, watch.deadline()));
  EXPECT_FALSE(watch.ask(std::nullopt, false, 12s));
  EXPECT_EQ(watch.deadline(), never);
}

TEST(GapWatch, AsksAtOnceIfAParentHasGivenUp) {
  GapWatch watch;
  EXPECT_TRUE(watch.ask(from(1), true, 10s));
  EXPECT_FALSE(watch.ask(from(1), false, 10s));
  EXPECT_FALSE(watch.ask(std::nullopt, true, 11s));
}

}  // namespace
}  // namespace astral::elements
