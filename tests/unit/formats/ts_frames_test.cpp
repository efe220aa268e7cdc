// SPDX-License-Identifier: BSD-3-Clause
// Frame times of a publisher whose timestamps keep jumping.
#include "formats/ts_frames.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "../track/ts_builder.hpp"
#include "formats/ts_breaks.hpp"

namespace astral::formats {
namespace {

using namespace track::test;

Packet picture(std::uint64_t ticks) {
  auto bytes = pes({0, 0, 0, 1, 0x41});
  const std::uint8_t stamp[] = {
      static_cast<std::uint8_t>(0x21 | (ticks >> 29 & 0xe)), static_cast<std::uint8_t>(ticks >> 22),
      static_cast<std::uint8_t>(ticks >> 14 | 1), static_cast<std::uint8_t>(ticks >> 7),
      static_cast<std::uint8_t>(ticks << 1 | 1)};
  std::copy(std::begin(stamp), std::end(stamp), bytes.begin() + 9);
  bytes.resize(bytes.size() + 10, 0);
  return packet(video_pid, true, bytes);
}

TEST(TsFrames, TimesThatKeepJumpingDoNotOverflow) {
  constexpr std::uint64_t jump = 0xffffffff;  // nearly half of 33 bits: 13 hours, and never back
  FrameFinder finder;
  std::uint64_t ticks = 0;
  for (int i = 0; i < 50'000; ++i) {
    ticks = (ticks + jump) % (std::uint64_t{1} << 33);
    const auto frames = finder.find(picture(ticks), Time{});
    ASSERT_EQ(frames.size(), 1u);
    ASSERT_LT(frames[0].time, std::chrono::hours(25 * 365 * 24)) << i;
    ASSERT_GE(frames[0].time, Time{}) << i;
  }
}

// A pause is no break, as long as the time passes elsewhere too.
TEST(TsBreaks, AreWhereTheClockJumps) {
  constexpr std::uint64_t second = 90'000;
  struct Step {
    std::uint64_t ticks;
    Time pts;
    bool is_break;
  };
  TsBreaks breaks;
  for (const Step &step :
       {Step{100 * second, 0s, false}, Step{101 * second, 1s, false}, Step{111 * second, 11s, false},
        Step{50'000 * second, 12s, true}, Step{50'001 * second, 13s, false}, Step{60 * second, 14s, true},
        Step{60 * second - 9000, 15s, false}, Step{65 * second, 15s, true}})
    EXPECT_EQ(breaks.is_break(picture(step.ticks), step.pts), step.is_break) << step.ticks / second;
}

}  // namespace
}  // namespace astral::formats
