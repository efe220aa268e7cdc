// SPDX-License-Identifier: BSD-3-Clause
#include "line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace astral::netlab {
namespace {

using namespace std::chrono_literals;
constexpr int many = 100'000;
constexpr std::size_t size = 1250;  // bytes: 10,000 bits

// Packets that enter one after another; the arrival of each.
std::vector<std::optional<Time>> arrivals(const Way &way, Time apart = 1ms, int count = many) {
  Direction direction(way);
  std::vector<std::optional<Time>> all;
  for (int i = 0; i < count; ++i) all.push_back(direction.pass(size, i * apart));
  return all;
}

std::vector<bool> lost(const Way &way, Time apart = 1ms) {
  std::vector<bool> all;
  for (const auto &arrival : arrivals(way, apart)) all.push_back(!arrival);
  return all;
}

double share(const std::vector<bool> &lost) {
  return static_cast<double>(std::count(lost.begin(), lost.end(), true)) / static_cast<double>(lost.size());
}

// The number of runs of lost packets.
int bursts(const std::vector<bool> &lost) {
  int count = lost[0];
  for (std::size_t i = 1; i < lost.size(); ++i) count += lost[i] && !lost[i - 1];
  return count;
}

TEST(Line, DelaysEveryPacketByTheSame) {
  int i = 0;
  for (const auto &arrival : arrivals({.delay = 50ms})) EXPECT_EQ(arrival, i++ * 1ms + 50ms);
}

TEST(Line, JitterKeepsTheOrderAndUsesItsWholeRange) {
  Time last{}, least = 1h, most{};
  int i = 0;
  for (const auto &arrival : arrivals({.delay = 50ms, .jitter = 20ms}, 30ms)) {
    EXPECT_GE(*arrival, last);
    last = *arrival;
    const Time took = *arrival - i++ * 30ms;
    least = std::min(least, took);
    most = std::max(most, took);
  }
  EXPECT_GE(least, 50ms);
  EXPECT_LT(least, 50100us);
  EXPECT_GT(most, 69900us);
  EXPECT_LE(most, 70ms);
  last = {};
  for (const auto &arrival : arrivals({.jitter = 20ms}, 1ms)) {
    EXPECT_GE(*arrival, last);
    last = *arrival;
  }
}

TEST(Line, HoldsTheShareOfPacketsBackThatWasAskedFor) {
  int held = 0, overtaken = 0;
  Time newest{};
  int i = 0;
  for (const auto &arrival : arrivals({.delay = 50ms, .reorder = 0.02, .held = 5ms})) {
    held += *arrival == i * 1ms + 55ms;
    EXPECT_TRUE(*arrival == i * 1ms + 55ms || *arrival == i * 1ms + 50ms);
    ++i;
    overtaken += *arrival < newest;
    newest = std::max(newest, *arrival);
  }
  EXPECT_NEAR(held, many * 0.02, 200);  // 4.5 standard deviations
  EXPECT_GT(overtaken, held / 2);
}

TEST(Line, LosesTheShareThatWasAskedFor) {
  const auto gone = lost({.loss = 0.1});
  EXPECT_NEAR(share(gone), 0.1, 0.0045);  // 4.7 standard deviations
  // Each for itself: a run of lost packets has 1 / 0.9 on average.
  EXPECT_NEAR(static_cast<double>(std::count(gone.begin(), gone.end(), true)) / bursts(gone), 1 / 0.9, 0.02);
}

TEST(Line, LosesInBurstsOfTheLengthThatWasAskedFor) {
  // 1 of 48 packets is in a burst, and a burst has 8 packets, both on average: 1/8 ends it, 1/376 begins one.
  const auto gone = lost({.burst_begin = 1.0 / 376, .burst_end = 1.0 / 8});
  EXPECT_NEAR(share(gone), 1.0 / 48, 0.004);
  EXPECT_NEAR(static_cast<double>(std::count(gone.begin(), gone.end(), true)) / bursts(gone), 8, 1.5);
  const auto half = lost({.burst_begin = 1.0 / 376, .burst_end = 1.0 / 8, .burst_loss = 0.5});
  EXPECT_NEAR(share(half), 0.5 / 48, 0.003);
}

TEST(Line, TheSameSeedLosesTheSamePacketsWhateverElseTheLineDoes) {
  const auto gone = lost({.loss = 0.1, .seed = 7});
  EXPECT_EQ(gone, lost({.loss = 0.1, .seed = 7}));
  const Way busy{.delay = 1s, .jitter = 20ms, .reorder = 0.1, .held = 3ms, .loss = 0.1, .seed = 7};
  EXPECT_EQ(gone, lost(busy, 3ms));
  EXPECT_NE(gone, lost({.loss = 0.1, .seed = 8}));
}

TEST(Line, CarriesItsRateAndQueuesNoLongerThanItsBound) {
  // 20 Mbit/s for a line of 10: one packet in two gets through once the queue is full.
  const auto all = arrivals({.delay = 5ms, .rate = 10e6, .queue = 100ms}, 500us);
  Time last{};
  int passed = 0, i = 0;
  for (const auto &arrival : all) {
    const Time entered = i++ * 500us;
    if (!arrival) continue;
    ++passed;
    EXPECT_GE(*arrival - last, last == Time{} ? 0ms : 1ms);  // 10,000 bits take a millisecond
    EXPECT_LE(*arrival - entered, 100ms + 1ms + 5ms);
    last = *arrival;
  }
  EXPECT_NEAR(passed, many / 2 + 100, 2);
  for (int k = 0; k < 200; ++k) EXPECT_TRUE(all[static_cast<std::size_t>(k)]) << "the queue was not full yet";
}

TEST(Line, AnIdleLineSavesNothingUp) {
  Direction direction({.rate = 10e6});
  EXPECT_EQ(direction.pass(size, 0s), 1ms);
  EXPECT_EQ(direction.pass(size, 10s), 10s + 1ms);
  EXPECT_EQ(direction.pass(size, 10s), 10s + 2ms);
}

TEST(Line, ALostPacketHasUsedTheLine) {
  Direction direction({.loss = 1, .rate = 10e6, .queue = 1500us});
  Direction clean({.rate = 10e6, .queue = 1500us});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(direction.pass(size, 0s));
    EXPECT_TRUE(clean.pass(size, 0s));
  }
  EXPECT_FALSE(clean.pass(size, 0s));  // would wait for 2 ms
}

TEST(Line, ReadsAWayFromText) {
  const auto way = parse_way("delay=0.05,jitter=0.001,reorder=0.1,held=0.002,loss=0.3,burst_begin=0.4,"
                             "burst_end=0.5,burst_loss=0.6,rate=10000000,queue=0.1,seed=9");
  ASSERT_TRUE(way);
  EXPECT_EQ(way->delay, 50ms);
  EXPECT_EQ(way->jitter, 1ms);
  EXPECT_EQ(way->held, 2ms);
  EXPECT_EQ(way->queue, 100ms);
  EXPECT_EQ(std::vector({way->reorder, way->loss, way->burst_begin, way->burst_end, way->burst_loss}),
            std::vector({0.1, 0.3, 0.4, 0.5, 0.6}));
  EXPECT_EQ(way->rate, 1e7);
  EXPECT_EQ(way->seed, 9u);
  EXPECT_TRUE(parse_way(""));
  for (const char *bad :
       {"delay", "delay=", "delay=x", "delay=1x", "delay=-1", "delay=nan", "loss=1.1", "speed=1", "=1"})
    EXPECT_FALSE(parse_way(bad)) << bad;
}

}  // namespace
}  // namespace astral::netlab
