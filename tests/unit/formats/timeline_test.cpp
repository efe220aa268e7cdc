// SPDX-License-Identifier: BSD-3-Clause
// Publishers' clocks that are late, pause, wrap and jump. On our time line every track goes on at the speed
// of the clock, never back, and picture and sound keep their distance.
#include "formats/timeline.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace astral::formats {
namespace {

constexpr std::int64_t second = Timeline::second, ms = second / 1000;
constexpr std::int64_t wrap = std::int64_t{1} << 33;

Time time_of(std::int64_t ticks) {
  return Time(ticks * 1'000'000 / ms);
}

// A publisher with 25 pictures and 50 audio frames a second.
class TimelineTest : public testing::Test {
 protected:
  using Change = std::function<std::int64_t(Kind, std::int64_t)>;

  // Sends media from one moment to another. `in` makes its times, `arrival` when it comes.
  void run(
      std::int64_t from, std::int64_t to, const Change &in,
      const Change &arrival = [](Kind, std::int64_t at) { return at; }) {
    for (std::int64_t at = from; at < to; at += 20 * ms) {
      give(Kind::audio, at, in, arrival);
      if (at % (40 * ms) == 0) give(Kind::video, at, in, arrival);
    }
  }
  void give(Kind kind, std::int64_t at, const Change &in, const Change &arrival) {
    const std::int64_t raw = (in(kind, at) % wrap + wrap) % wrap;
    const std::int64_t out = line_->map(kind, raw, time_of(arrival(kind, at)));
    if (const auto last = last_.find(kind); last != last_.end()) {
      ASSERT_GT(out, last->second);
    }
    last_[kind] = out;
    shifts_[kind].push_back(out - at);
  }
  // How far the times of a track have moved since its first frame.
  std::int64_t moved(Kind kind) const { return shifts_.at(kind).back() - shifts_.at(kind).front(); }
  // How much later the picture is than the sound, compared with the true distance.
  std::int64_t distance() const { return shifts_.at(Kind::video).back() - shifts_.at(Kind::audio).back(); }

  std::optional<Timeline> line_{std::in_place, wrap};
  std::map<Kind, std::int64_t> last_;
  std::map<Kind, std::vector<std::int64_t>> shifts_;
};

const auto plain = [](Kind, std::int64_t at) { return at; };

TEST_F(TimelineTest, KeepsTheTimesOfAClockThatGoesOn) {
  run(0, 60 * second, [](Kind, std::int64_t at) { return at + wrap - 30 * second; });  // wraps
  EXPECT_EQ(moved(Kind::video), 0);
  EXPECT_EQ(moved(Kind::audio), 0);
  EXPECT_EQ(distance(), 0);
}

TEST_F(TimelineTest, LatenessAndStallsChangeNothing) {
  run(0, 30 * second, plain, [](Kind, std::int64_t at) {
    if (at < 6 * second) return at;
    return at < 12 * second ? std::max(at, 9 * second) : at + 1500 * ms;
  });
  EXPECT_EQ(moved(Kind::video), 0);
  EXPECT_EQ(moved(Kind::audio), 0);
  EXPECT_EQ(distance(), 0);
}

TEST_F(TimelineTest, APauseOfOneTrackIsNoJump) {
  for (const Kind paused : {Kind::video, Kind::audio}) {
    last_.clear();
    shifts_.clear();
    line_.emplace(wrap);
    for (std::int64_t at = 0; at < 30 * second; at += 20 * ms)
      for (const Kind kind : {Kind::audio, Kind::video})
        if (kind != paused || at < 8 * second || at >= 16 * second) give(kind, at, plain, plain);
    EXPECT_EQ(moved(Kind::video), 0);
    EXPECT_EQ(moved(Kind::audio), 0);
    EXPECT_EQ(distance(), 0);
  }
}

// A file that is published faster than it plays may have a track that pauses, too.
TEST_F(TimelineTest, APauseInABurstIsNoJump) {
  const auto at_once = [](Kind, std::int64_t) { return std::int64_t{0}; };
  for (std::int64_t at = 0; at < 30 * second; at += 20 * ms)
    for (const Kind kind : {Kind::audio, Kind::video})
      if (kind == Kind::audio || at < 8 * second || at >= 16 * second) give(kind, at, plain, at_once);
  EXPECT_EQ(moved(Kind::video), 0);
  EXPECT_EQ(distance(), 0);
}

TEST_F(TimelineTest, ALateTrackHasItsPlace) {
  for (std::int64_t at = 0; at < 30 * second; at += 20 * ms)
    for (const Kind kind : {Kind::audio, Kind::video})
      if (kind == Kind::audio || at >= 20 * second) give(kind, at, plain, plain);
  EXPECT_EQ(distance(), 0);
}

class Jump : public TimelineTest, public testing::WithParamInterface<std::int64_t> {};
TEST_P(Jump, OfBothClocksKeepsSpeedAndDistance) {
  run(0, 30 * second,
      [](Kind, std::int64_t at) { return 100'000 * second + at + (at < 10 * second ? 0 : GetParam()); });
  EXPECT_LE(std::abs(moved(Kind::video)), 40 * ms);
  EXPECT_LE(std::abs(moved(Kind::audio)), 40 * ms);
  EXPECT_EQ(distance(), 0);
}
TEST_P(Jump, OfOneClockLeavesTheOtherAlone) {
  for (const Kind jumping : {Kind::video, Kind::audio}) {
    last_.clear();
    shifts_.clear();
    line_.emplace(wrap);
    run(0, 30 * second, [jumping](Kind kind, std::int64_t at) {
      return 100'000 * second + at + (kind == jumping && at >= 10 * second ? GetParam() : 0);
    });
    EXPECT_LE(std::abs(moved(Kind::video)), 40 * ms);
    EXPECT_LE(std::abs(moved(Kind::audio)), 40 * ms);
    EXPECT_LE(std::abs(distance()), 40 * ms);
  }
}
INSTANTIATE_TEST_SUITE_P(Timeline, Jump,
                         testing::Values(-300 * ms, -2500 * ms, -3 * second, -20 * second, -50'000 * second,
                                         4 * second, 10 * second, 50'000 * second, wrap / 2 - 1));

// The file is sent again from its beginning, and again.
TEST_F(TimelineTest, ALoopedFileGoesOn) {
  run(0, 60 * second, [](Kind, std::int64_t at) { return at % (7 * second); });
  EXPECT_LE(std::abs(moved(Kind::video)), 8 * 40 * ms);
  EXPECT_LE(std::abs(distance()), 0);
}

TEST_F(TimelineTest, KeepsTheDistanceOfClocksThatBeganApart) {
  run(0, 30 * second,
      [](Kind kind, std::int64_t at) { return at + (kind == Kind::video ? 10 * second : 0); });
  EXPECT_EQ(moved(Kind::video), 0);
  EXPECT_EQ(moved(Kind::audio), 0);
  EXPECT_EQ(distance(), 10 * second);
}

TEST_F(TimelineTest, ClocksThatHaveNothingToDoWithEachOtherAreAlignedByArrival) {
  run(0, 30 * second,
      [](Kind kind, std::int64_t at) { return at + (kind == Kind::video ? 40'000 * second : 0); });
  EXPECT_EQ(moved(Kind::video), 0);
  EXPECT_EQ(distance(), 0);
}

TEST_F(TimelineTest, AnotherPublisherContinues) {
  run(0, 10 * second, plain);
  line_->restart();
  run(15 * second, 20 * second, [](Kind, std::int64_t at) { return at + 777 * second; });
  EXPECT_LE(std::abs(moved(Kind::video)), 40 * ms);
  EXPECT_EQ(distance(), 0);
}

TEST_F(TimelineTest, TimesThatKeepJumpingDoNotOverflow) {
  std::int64_t raw = 0, last = -1;
  for (int i = 0; i < 100'000; ++i) {
    raw = (raw + wrap / 2 - 1) % wrap;
    const std::int64_t out = line_->map(i % 3 == 0 ? Kind::video : Kind::audio, raw, Time(i * 1'000'000ll));
    ASSERT_LT(out, 100'000 * second);
    last = out;
  }
  EXPECT_GT(last, 0);
}

}  // namespace
}  // namespace astral::formats
