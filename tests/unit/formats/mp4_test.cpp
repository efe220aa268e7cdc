// SPDX-License-Identifier: BSD-3-Clause
// What the multiplexer of fragmented MP4 writes, read and corrected.
#include "formats/mp4.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mp4_boxes.hpp"

namespace astral::formats::mp4 {
namespace {

using namespace test;

TEST(Mp4, ReadsTheTracksOfAnInitializationSegment) {
  const auto tracks = read_init(init());
  ASSERT_EQ(tracks.size(), 2u);
  EXPECT_EQ(tracks[0].id, video_id);
  EXPECT_EQ(tracks[0].timescale, video_scale);
  EXPECT_EQ(tracks[0].kind, Kind::video);
  EXPECT_EQ(tracks[1].id, audio_id);
  EXPECT_EQ(tracks[1].timescale, audio_scale);
  EXPECT_EQ(tracks[1].kind, Kind::audio);
  EXPECT_TRUE(read_init(box("moov", trak(1, 0, "vide", {}))).empty());
  EXPECT_TRUE(read_init(box("moov", trak(1, 1'000'001, "vide", {}))).empty());
  EXPECT_TRUE(read_init(box("moov", trak(1, 1000, "text", {}))).empty());
  const Buffer whole = init();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(read_init(Bytes(whole).first(size)).empty());
}

TEST(Mp4, ReadsAFragment) {
  const auto picture = read_fragment(fragment(video_id, 4711, true, 200));
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->track, video_id);
  EXPECT_EQ(picture->decoded, 4711u);
  EXPECT_EQ(picture->shown, 200);
  EXPECT_TRUE(picture->is_sync);
  EXPECT_FALSE(read_fragment(fragment(video_id, 0, false))->is_sync);
  EXPECT_TRUE(is_key_picture(fragment(video_id, 0), read_init(init())));
  EXPECT_FALSE(is_key_picture(fragment(video_id, 0, false), read_init(init())));
  EXPECT_FALSE(is_key_picture(fragment(audio_id, 0), read_init(init())));
  EXPECT_FALSE(read_fragment(init()));
  EXPECT_FALSE(read_fragment({}));
  const Buffer whole = fragment(video_id, 1);
  for (std::size_t size = 0; size < whole.size() - 18; ++size)
    EXPECT_FALSE(read_fragment(Bytes(whole).first(size)));
}

TEST(Mp4, GivesAFragmentAnotherTime) {
  const Buffer before = fragment(video_id, 7, false, 300);
  const Buffer after = with_time(before, std::uint64_t{1} << 40);
  EXPECT_EQ(after.size(), before.size() + 4);
  const auto read = read_fragment(after);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->decoded, std::uint64_t{1} << 40);
  EXPECT_EQ(read->shown, 300);
  EXPECT_FALSE(read->is_sync);
  EXPECT_TRUE(std::equal(before.end() - 18, before.end(), after.end() - 18));  // mdat
  // The offset of the data from the moof grows with the moof; default-base-is-moof is set.
  EXPECT_EQ(number(112, 4), Buffer(after.end() - 18 - 8, after.end() - 18 - 4));
  const auto tfhd = std::search(after.begin(), after.end(), std::begin("tfhd"), std::end("tfhd") - 1);
  EXPECT_EQ(number(0x20038, 4), Buffer(tfhd + 4, tfhd + 8));
  EXPECT_EQ(with_time(after, 5).size(), after.size());  // the box has 64 bit already
}

TEST(Mp4, GivesVp9ALevel) {
  const auto level_of = [](std::size_t width, std::size_t height, std::uint8_t written = 0) {
    const Buffer vpcc = box("vpcC", {1, 0, 0, 0, 0, written, 0x82, 1, 1, 1, 0, 0});
    const Buffer entry =
        box("vp09", join({Buffer(24), number(width, 2), number(height, 2), Buffer(50), vpcc}));
    const Buffer repaired = repair_init(box("moov", trak(1, 1000, "vide", entry)), {});
    const auto at = std::search(repaired.begin(), repaired.end(), std::begin("vpcC"), std::end("vpcC") - 1);
    EXPECT_NE(at, repaired.end());
    return at[4 + 5];
  };
  EXPECT_EQ(level_of(320, 180), 11);
  EXPECT_EQ(level_of(1280, 720), 31);
  EXPECT_EQ(level_of(1920, 1080), 40);
  EXPECT_EQ(level_of(0xffff, 0xffff), 60);
  EXPECT_EQ(level_of(320, 180, 20), 20);
}

TEST(Mp4, RepairsTheConfigurationsOfGStreamer122) {
  const Buffer av1{0x81, 1, 2, 3, 4, 5, 6};
  const Buffer repaired = repair_init(init(), av1);
  EXPECT_EQ(read_init(repaired).size(), 2u);
  const auto has = [&](const Buffer &part) {
    return std::search(repaired.begin(), repaired.end(), part.begin(), part.end()) != repaired.end();
  };
  EXPECT_TRUE(has(box("av1C", av1)));
  EXPECT_TRUE(has(box("dOps", {0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0})));
  EXPECT_EQ(repaired.size(), init().size() + 2);
  EXPECT_EQ(repair_init(repaired, Buffer{0x81}), repaired);  // one that is there stays
}

TEST(Mp4Cutter, CutsUnitsWhereverTheBytesAreCut) {
  const Buffer stream =
      join({init(), fragment(audio_id, 0), box("mfra", Buffer(9)), fragment(video_id, 0), box("mdat", {1})});
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100}, stream.size()}) {
    Cutter cutter;
    std::vector<Unit> units;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      auto some = cutter.push(Bytes(stream).subspan(at, std::min(step, stream.size() - at)));
      ASSERT_TRUE(some);
      for (Unit &unit : *some) units.push_back(std::move(unit));
    }
    ASSERT_EQ(units.size(), 3u) << step;
    EXPECT_TRUE(units[0].is_init);
    EXPECT_EQ(units[0].bytes, init());
    EXPECT_FALSE(units[1].is_init);
    EXPECT_EQ(units[1].bytes, fragment(audio_id, 0));
    EXPECT_EQ(units[2].bytes, fragment(video_id, 0));
  }
}

TEST(Mp4Cutter, RefusesWhatIsNoMp4) {
  EXPECT_FALSE(Cutter().push(number(7, 8)));
  EXPECT_FALSE(Cutter().push(join({number(Cutter::largest + 1, 4), text("mdat")})));
  Cutter cutter;
  ASSERT_TRUE(cutter.push(box("moof", Buffer(1000))));
  EXPECT_FALSE(cutter.push(join({number(Cutter::largest - 500, 4), text("mdat")})));
}

// mp4mux lets both tracks begin at 0. The sound began 100 ms after the picture, of which the first was shown
// two frames after it was decoded.
TEST(Mp4Clock, KeepsTheDistanceOfPictureAndSound) {
  Clock clock;
  clock.set_init(init());
  const Clock::Starts starts{.video = 1000s, .audio = 1000s + 100ms};
  const Time begin = 1000s + Clock::lead;
  const auto sound = clock.correct(fragment(audio_id, 0), starts);
  const auto picture = clock.correct(fragment(video_id, 0, true, 200), starts);
  const auto next = clock.correct(fragment(video_id, 100, false, 0), starts);
  ASSERT_TRUE(sound && picture && next);
  EXPECT_EQ(sound->decoded, begin + 100ms);
  EXPECT_EQ(sound->kind, Kind::audio);
  EXPECT_FALSE(sound->is_start);
  EXPECT_EQ((begin - picture->decoded) / 1us, 66'666);  // two frames
  EXPECT_TRUE(picture->is_start);
  EXPECT_FALSE(next->is_start);
  EXPECT_EQ((next->decoded - picture->decoded) / 1ms, 33);
  EXPECT_EQ(time_of(read_fragment(picture->bytes)->decoded, clock.tracks()[0]), picture->decoded);
  EXPECT_FALSE(clock.correct(fragment(9, 0), starts));
  EXPECT_FALSE(clock.correct(init(), starts));
  clock.set_init(init(false));
  EXPECT_TRUE(clock.correct(fragment(audio_id, 0), starts)->is_start);
}

TEST(Mp4Clock, StaysWithinBounds) {
  Clock clock;
  clock.set_init(init());
  for (const Time start : {Time::max() / 2, Time::min() / 2, Time(-20s)}) {
    const auto piece = clock.correct(fragment(video_id, 0xffff'ffff, true, 0x7fff'ffff), {.video = start});
    ASSERT_TRUE(piece);
    EXPECT_GE(piece->decoded, Time::zero());
    clock.set_init(init());
  }
}

}  // namespace
}  // namespace astral::formats::mp4
