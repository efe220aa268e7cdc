// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "elements/statistics.hpp"

namespace astral::elements {
namespace {

constexpr std::uint64_t bytes = 12'500;  // in each 100 ms: 1 Mbit/s

// The first byte may arrive anywhere in a slot.
TEST(Rate, MeasuresTheArrivingRate) {
  for (Time begin = 10s; begin < 10s + Rate::window; begin += 10ms) {
    Rate rate;
    for (Time now = begin; now < begin + 6s; now += 100ms) {
      rate.add(bytes, now);
      const std::uint64_t bps = rate.bps(now);
      if (now - begin < 1s) {
        EXPECT_EQ(bps, 0u) << (now - begin) / 1ms;
      } else if (bps != 0 || now - begin >= 1500ms) {
        EXPECT_NEAR(static_cast<double>(bps), 1e6, 1e5) << (now - begin) / 1ms;
      }
    }
  }
}

TEST(Rate, FallsToZero) {
  Rate rate;
  for (Time now = 10s; now < 14s; now += 100ms) rate.add(bytes, now);
  EXPECT_NEAR(static_cast<double>(rate.bps(14s)), 1e6, 1e5);
  EXPECT_EQ(rate.bps(14s + 2 * Rate::window), 0u);
}

}  // namespace
}  // namespace astral::elements
