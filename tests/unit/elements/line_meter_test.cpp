// SPDX-License-Identifier: BSD-3-Clause
#include "elements/line_meter.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace astral::elements {
namespace {

constexpr std::int64_t ns(Time time) {
  return time.count();
}

TEST(LineMeter, MeasuresTheLagFromThePresent) {
  LineMeter meter;
  meter.anchor(ns(10s), 100s);
  EXPECT_EQ(meter.arrived(ns(8s), 0, 100s), 2s);  // joined with an older object
  EXPECT_EQ(meter.arrived(ns(9s), 0, 100s + 100ms), 1100ms);
  EXPECT_EQ(meter.arrived(ns(10s) + ns(200ms), 0, 100s + 200ms), 0s);
  EXPECT_EQ(meter.arrived(ns(10s) + ns(400ms), 0, 100s + 300ms), 0s);  // a shorter way than any before
  EXPECT_EQ(meter.arrived(ns(11s), 0, 101s), 100ms);
}

TEST(LineMeter, KnowsWhatThinLineCarriesAndWhatItNeeds) {
  LineMeter meter;
  // 3 of 4 Mbit/s: a second of media, 500 kB, takes 4/3 s.
  for (int i = 0; i <= 300; ++i)
    meter.arrived(ns(i * 30ms), static_cast<std::uint64_t>(i) * 15'000, 100s + i * 40ms);
  EXPECT_GE(meter.lag(), 3s - 3 * LineMeter::max_drift);
  EXPECT_LE(meter.lag(), 3s);
  EXPECT_EQ(meter.rates().carried_bps, 3'000'000u);
  EXPECT_EQ(meter.rates().needed_bps, 4'000'000u);
  meter.restart();
  EXPECT_EQ(meter.rates().carried_bps, 0u);
}

TEST(LineMeter, FollowsTheDriftOfTheClocks) {
  LineMeter meter;
  Time lag{};
  // The publisher's clock is slower by 100 ppm; after 6 h that makes 2.16 s.
  for (int i = 0; i < 6 * 3600 * 2; ++i) lag = meter.arrived(ns(i * 499950us), 0, 100s + i * 500ms);
  EXPECT_LT(lag, 5ms);
}

TEST(LineMeter, BeginsANewTimeLine) {
  LineMeter meter;
  meter.arrived(ns(1000s), 0, 100s);
  EXPECT_EQ(meter.arrived(ns(2s), 0, 101s), 0s);  // the publisher has started again
  EXPECT_EQ(meter.arrived(ns(3s), 0, 102s), 0s);
  EXPECT_EQ(meter.arrived(ns(5000s), 0, 103s), 0s);
  EXPECT_EQ(meter.arrived(ns(5000s), 0, 104s), 1s);
  meter.settle();
  EXPECT_EQ(meter.lag(), 0s);
  EXPECT_EQ(meter.arrived(ns(5001s), 0, 105s), 0s);
}

TEST(LineMeter, TakesAnyNumber) {
  LineMeter meter;
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                         high = std::numeric_limits<std::int64_t>::max();
  Time now = 100s;
  for (const std::int64_t pts : {low, high, std::int64_t{0}, high, low, std::int64_t{-1}}) {
    const Time lag = meter.arrived(pts, 0, now += 100ms);
    EXPECT_GE(lag, 0s);
    EXPECT_LE(lag, LineMeter::max_lag);
    meter.rates();
  }
}

}  // namespace
}  // namespace astral::elements
