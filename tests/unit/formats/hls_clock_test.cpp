// SPDX-License-Identifier: BSD-3-Clause
// The window with MPEG-TS whose clock jumps, wraps and pauses, and whose codecs change. The media's own clock
// decides, not the timestamps of the pieces.
#include <gtest/gtest.h>

#include <functional>

#include "formats/adts.hpp"
#include "formats/h264.hpp"
#include "formats/pes.hpp"
#include "formats/ts_mux.hpp"
#include "window.hpp"

namespace astral::formats {
namespace {

using Buffer = std::vector<std::uint8_t>;
constexpr std::int64_t second = Timeline::second;

// 25 pictures a second, a key frame each second.
class HlsClock : public testing::Test {
 protected:
  HlsClock() { muxer_.set_tracks(TsMux::Video::h264, TsMux::Audio::aac); }

  void seconds(int count) { frames(25 * count); }
  void frames(int count) {
    for (int i = 0; i < count; ++i) {
      const bool is_start = frame_ % 25 == 0 && !is_video_paused_;
      if (is_start) ++group_;
      Buffer packets;
      if (!is_video_paused_) packets = muxer_.write(picture(is_start));
      const Buffer more = muxer_.write(sound());
      packets.insert(packets.end(), more.begin(), more.end());
      const Time at = frame_ * 40ms;
      const WallTime wall(std::chrono::duration_cast<WallTime::duration>(1'667'556'000s + at + late_));
      window_.push({group_, at + pts_, Slice::copy(packets), false}, wall);
      ++frame_;
    }
  }
  TsMux::Frame picture(bool is_start) {
    picture_.clear();
    if (is_start) h264::put_after_start_code(picture_, sps_);
    if (is_start) h264::put_after_start_code(picture_, Buffer{0x68, 0xce, 0x3c, 0x80});
    h264::put_after_start_code(picture_, Buffer{static_cast<std::uint8_t>(is_start ? 0x65 : 0x41), 1, 2, 3});
    return {.is_start = is_start, .decoded = time(), .data = picture_};
  }
  TsMux::Frame sound() {
    sound_.clear();
    adts::put_head(sound_, config_, 50);
    sound_.resize(sound_.size() + 50);
    return {.kind = Kind::audio, .decoded = time(), .data = sound_};
  }
  std::int64_t time() const { return ((frame_ * second / 25 + ticks_) % pes_round + pes_round) % pes_round; }

  std::size_t breaks() const { return lines(window_.playlist(), "#EXT-X-DISCONTINUITY").size(); }
  void expect_seconds() const {
    for (const std::string &line : lines(window_.playlist(), "#EXTINF:"))
      EXPECT_NEAR(std::stod(line), 1, 0.05);
  }

  HlsWindow window_;
  TsMux muxer_;
  Buffer sps_{0x67, 0x42, 0xc0, 0x0a, 0xda, 0x25, 0xb0}, picture_, sound_;
  adts::Config config_{};
  std::int64_t ticks_ = 1000 * second;  // of the media's clock at frame 0
  Time pts_{};                          // what is added to the pieces' timestamps
  Time late_{};
  std::int64_t frame_ = 0;
  std::uint64_t group_ = 1;
  bool is_video_paused_ = false;
};

TEST_F(HlsClock, WrapsWithoutADiscontinuity) {
  ticks_ = pes_round - 3 * second;
  seconds(8);
  EXPECT_EQ(breaks(), 0u);
  expect_seconds();
}

TEST_F(HlsClock, LatenessIsNoDiscontinuity) {
  seconds(4);
  late_ = pts_ = 4s;  // what the relay makes of a publisher that is late from now on
  seconds(4);
  EXPECT_EQ(breaks(), 0u);
  expect_seconds();
}

TEST_F(HlsClock, APauseOfThePictureIsNoDiscontinuity) {
  seconds(4);
  is_video_paused_ = true;
  seconds(8);
  is_video_paused_ = false;
  seconds(3);
  EXPECT_EQ(breaks(), 0u);
  for (const std::string &line : lines(window_.playlist(), "#EXTINF:")) EXPECT_LT(std::stod(line), 1.5);
}

TEST_F(HlsClock, AStallIsNoDiscontinuity) {
  seconds(4);
  frame_ += 25 * 8;  // nothing comes for eight seconds
  seconds(3);
  EXPECT_EQ(breaks(), 0u);
}

class HlsJump : public HlsClock, public testing::WithParamInterface<std::int64_t> {};
TEST_P(HlsJump, IsADiscontinuity) {
  seconds(4);
  ticks_ += GetParam();
  seconds(4);
  EXPECT_EQ(breaks(), 1u);
  expect_seconds();
}
INSTANTIATE_TEST_SUITE_P(HlsClock, HlsJump,
                         testing::Values(50'000 * second, -20 * second, -second, 5 * second, pes_round / 2));

TEST_F(HlsClock, AnotherPictureSizeIsADiscontinuity) {
  seconds(4);
  sps_[4] = 0xdb;
  seconds(4);
  EXPECT_EQ(breaks(), 1u);
  expect_seconds();
}

// A player drops pictures after a discontinuity until it finds a key frame, so it waits for the next group.
TEST_F(HlsClock, AnotherSoundIsADiscontinuityAtTheNextGroup) {
  seconds(4);
  frames(10);
  config_.channels = 1;
  seconds(4);
  EXPECT_EQ(breaks(), 1u);
  EXPECT_EQ(lines(window_.playlist(), "#EXT-X-INDEPENDENT-SEGMENTS").size(), 1u);
}

}  // namespace
}  // namespace astral::formats
