// SPDX-License-Identifier: BSD-3-Clause
// What the meter says of lines of every kind. The other end of each is a TCP that begins slowly.
#include "peer/rate_meter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <tuple>

namespace astral::peer {
namespace {

constexpr std::uint64_t frame = 4 << 10;
constexpr std::uint64_t first_window = 4 * 10 * 1448;  // four connections, RFC 6928

struct Outcome {
  std::uint64_t rate_bps = 0;
  std::uint64_t sent = 0;
  Time took{};
  bool steady = false;
};

// A line with a queue of one round trip. The window grows by what was acknowledged until the queue is full.
// `wobble`: the rate changes by this part each tenth of a second, up and down.
Outcome measure(std::uint64_t line_bps, Time round_trip, double wobble = 0) {
  RateMeter meter;
  Outcome out;
  std::deque<Time> acknowledgements;
  std::uint64_t window = first_window, acknowledged = 0;
  const auto millis = static_cast<std::uint64_t>(round_trip / 1ms);
  const std::uint64_t most = std::max<std::uint64_t>(2 * line_bps / 8'000 * millis, first_window);
  Time at{}, free{};
  while (!meter.over()) {
    while (out.sent < RateMeter::most_bytes &&
           out.sent - acknowledged < std::min(window, meter.allowance())) {
      const bool up = (at / 100ms) % 2 == 0;
      const double rate = static_cast<double>(line_bps) * (up ? 1 + wobble : 1 - wobble);
      const auto takes = Time{static_cast<Time::rep>(static_cast<double>(frame) * 8e9 / rate)};
      free = std::max(free, at) + takes;
      acknowledgements.push_back(free + round_trip);
      out.sent += frame;
      meter.sent(out.sent, at);
    }
    at = acknowledgements.front();
    acknowledgements.pop_front();
    acknowledged += frame;
    window = std::min(window + frame, most);
    meter.passed(acknowledged, at);
  }
  out.rate_bps = meter.rate_bps();
  out.took = at - round_trip;
  out.steady = meter.steady();
  return out;
}

class Lines : public testing::TestWithParam<std::tuple<std::uint64_t, int>> {};

TEST_P(Lines, AreMeasuredWithinAFifthInTwoSecondsAndSixteenMebibytes) {
  const auto [mbps, millis] = GetParam();
  const std::uint64_t line = mbps * 1'000'000;
  const Outcome out = measure(line, Time{1ms} * millis);
  EXPECT_GE(out.rate_bps, line * 4 / 5);
  EXPECT_LE(out.rate_bps, line * 6 / 5);
  EXPECT_LE(out.took, RateMeter::longest + Time{1ms} * 2 * millis);
  EXPECT_LE(out.sent, RateMeter::most_bytes);
}

TEST_P(Lines, AreMeasuredWithinAFifthWhereTheRateWobbles) {
  const auto [mbps, millis] = GetParam();
  const std::uint64_t line = mbps * 1'000'000;
  const Outcome out = measure(line, Time{1ms} * millis, 0.15);
  EXPECT_GE(out.rate_bps, line * 4 / 5);
  EXPECT_LE(out.rate_bps, line * 6 / 5);
}

INSTANTIATE_TEST_SUITE_P(Meter, Lines,
                         testing::Combine(testing::Values(2, 10, 50, 200), testing::Values(20, 100, 200)));

TEST(RateMeter, StopsEarlyOnALineThatIsSteady) {
  const Outcome out = measure(10'000'000, 20ms);
  EXPECT_TRUE(out.steady);
  EXPECT_LT(out.took, 1s);
}

TEST(RateMeter, LeavesNoLongQueueOnASlowLine) {
  RateMeter meter;
  for (int i = 0; i <= 20; ++i) meter.passed(frame * static_cast<std::uint64_t>(i), i * 16ms);  // 2 Mbit/s
  EXPECT_LE(meter.allowance() * 8 / 2'000, 800u);                                               // ms
}

TEST(RateMeter, SaysNothingOfALineOnWhichNothingPassed) {
  RateMeter meter;
  EXPECT_FALSE(meter.begun());
  EXPECT_EQ(meter.rate_bps(), 0u);
  meter.passed(4096, 1s);
  EXPECT_TRUE(meter.begun());
  EXPECT_EQ(meter.rate_bps(), 0u);
  EXPECT_FALSE(meter.over());
}

TEST(RateMeter, IsOverAfterTwoSecondsWhateverHappens) {
  RateMeter meter;
  meter.passed(1, 5s);
  meter.passed(2, 6s);
  EXPECT_FALSE(meter.over());
  meter.passed(3, 7s);
  EXPECT_TRUE(meter.over());
}

}  // namespace
}  // namespace astral::peer
