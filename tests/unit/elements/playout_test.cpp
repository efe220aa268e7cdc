// SPDX-License-Identifier: BSD-3-Clause
#include "elements/playout.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace astral::elements {
namespace {

constexpr std::int64_t ms = 1'000'000, second = 1000 * ms;

TEST(Playout, KeepsThePublishersIntervals) {
  Playout playout;
  EXPECT_EQ(playout.map(500 * second, 2 * second), 2 * second);
  // The network's jitter does not change the timestamps.
  EXPECT_EQ(playout.map(500 * second + 40 * ms, 2 * second + 90 * ms), 2 * second + 40 * ms);
  EXPECT_EQ(playout.map(500 * second + 80 * ms, 2 * second + 81 * ms), 2 * second + 80 * ms);
  EXPECT_FALSE(playout.restarted());
}

TEST(Playout, FollowsADriftingClockSlowly) {
  Playout playout;
  std::int64_t worst_step = 0, last = playout.map(0, 0), behind = 0;
  for (std::int64_t frame = 1; frame < 30 * 3600;
       ++frame) {  // an hour; the publisher's clock runs 100 ppm slow
    const std::int64_t pts = frame * second / 30, arrival = pts + pts / 10'000;
    const std::int64_t mapped = playout.map(pts, arrival);
    worst_step = std::max(worst_step, std::abs(mapped - last - second / 30));
    behind = arrival - mapped;
    last = mapped;
    ASSERT_FALSE(playout.restarted());
  }
  EXPECT_LE(worst_step, Playout::max_step);
  EXPECT_LE(std::abs(behind), 2 * ms);
}

TEST(Playout, RestartsWithThePublisher) {
  Playout playout;
  playout.map(1000 * second, 5 * second);
  EXPECT_EQ(playout.map(0, 9 * second), 9 * second);
  EXPECT_TRUE(playout.restarted());
  EXPECT_EQ(playout.map(ms, 9 * second + ms), 9 * second + ms);
  EXPECT_FALSE(playout.restarted());
}

// Fetched objects lie before the present of the stream, with their own intervals.
TEST(Playout, AnchorsThePresentIfOldObjectsComeFirst) {
  Playout playout;
  playout.anchor(100 * second, 2 * second);
  for (std::int64_t pts = 96 * second; pts <= 100 * second; pts += 40 * ms) {
    EXPECT_EQ(playout.map(pts, 2 * second + ms), pts - 98 * second);
    EXPECT_FALSE(playout.restarted());
  }
  EXPECT_EQ(playout.map(100 * second + 40 * ms, 2 * second + 40 * ms), 2 * second + 40 * ms);
  playout.anchor(0, 7 * second);
  EXPECT_EQ(playout.map(100 * second + 80 * ms, 2 * second + 80 * ms), 2 * second + 80 * ms);
}

TEST(Playout, IgnoresAnImpossiblePresent) {
  for (const std::int64_t pts : {0 * second, 1000 * second, std::numeric_limits<std::int64_t>::min()}) {
    Playout playout;
    playout.anchor(pts, 2 * second);
    EXPECT_EQ(playout.map(500 * second, 2 * second), 2 * second);
  }
}

TEST(Playout, LateObjectsKeepTheirIntervals) {
  Playout playout;
  playout.map(0, 0);
  for (std::int64_t pts = 0; pts < 5 * second; pts += 40 * ms)  // five seconds at once
    EXPECT_EQ(playout.map(pts, 5 * second), pts);
  EXPECT_EQ(playout.map(5 * second, 5 * second), 5 * second);
}

TEST(Playout, AcceptsALongerWayAfterAWindow) {
  Playout playout;
  std::int64_t jumps = 0;
  for (std::int64_t pts = 0; pts < 20 * second; pts += 40 * ms) {
    playout.map(pts, pts < second ? pts : pts + 300 * ms);
    jumps += playout.restarted();
  }
  EXPECT_EQ(jumps, 1);
  EXPECT_EQ(playout.map(20 * second, 20 * second + 300 * ms), 20 * second + 300 * ms);
}

// A sink that waits for its clock reads late. Its reading time must not move the offset again and again.
TEST(Playout, AnObjectThatWaitedForItsReaderIsNotLate) {
  Playout playout;
  playout.map(0, 0);
  for (std::int64_t pts = 40 * ms; pts < 60 * second; pts += 40 * ms) {
    ASSERT_EQ(playout.map(pts, pts + 700 * ms, true), pts);
    ASSERT_FALSE(playout.restarted());
  }
}

TEST(Playout, AcceptsAnyTime) {
  Playout playout;
  constexpr auto low = std::numeric_limits<std::int64_t>::min(),
                 high = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t pts : {low, high, std::int64_t{0}, std::int64_t{-1}, high, low})
    playout.map(pts, second);
}

// The largest possible offset and then a longer way: the correction wraps, without an overflow that UBSan
// would report.
TEST(Playout, CorrectsTheLargestOffsetToo) {
  Playout playout;
  const std::int64_t first = second - std::numeric_limits<std::int64_t>::max();
  playout.map(first, second);
  for (std::int64_t at = 0; at <= 12 * second; at += second) {
    const std::int64_t mapped = playout.map(first + at, second + at + 200 * ms);
    EXPECT_GE(mapped, second + at - Playout::max_step);
    EXPECT_LE(mapped, second + at + 200 * ms);
  }
}

}  // namespace
}  // namespace astral::elements
