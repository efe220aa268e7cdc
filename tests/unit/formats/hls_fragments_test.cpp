// SPDX-License-Identifier: BSD-3-Clause
// An HLS window of fragments of MP4: their initialization segments, parts, discontinuities and updates.
#include <gtest/gtest.h>

#include <string>

#include "mp4_boxes.hpp"
#include "window.hpp"

namespace astral::formats {
namespace {

namespace boxes = mp4::test;

constexpr std::uint64_t scale = boxes::video_scale, step = scale / 10;  // ten pictures a second

// Pictures in groups of ten, with a sound after each of them.
class Fragments {
 public:
  explicit Fragments(HlsWindow &window) : window_(window) { window_.set_init(Slice::copy(boxes::init())); }

  void groups(int count) {
    for (int i = 0; i < 10 * count; ++i) {
      if (frame_ % 10 == 0) ++group_;
      const Time time = std::chrono::milliseconds(100) * static_cast<std::int64_t>(frame_);
      const auto wall =
          WallTime(std::chrono::seconds(1667556000)) + std::chrono::duration_cast<WallTime::duration>(time);
      const auto push = [&](const boxes::Buffer &bytes) {
        window_.push({group_, time, Slice::copy(bytes), false}, wall);
      };
      push(boxes::fragment(boxes::video_id, begin_ + frame_ * step, frame_ % 10 == 0));
      push(boxes::fragment(boxes::audio_id, (begin_ + frame_ * step) * boxes::audio_scale / scale));
      ++frame_;
    }
  }
  void jump(std::uint64_t seconds) { begin_ += seconds * scale; }
  void begin_again() { window_.set_init(Slice::copy(boxes::init(true, false))); }

 private:
  HlsWindow &window_;
  std::uint64_t group_ = 0, frame_ = 0, begin_ = 0;
};

TEST(HlsFragments, HaveAMapAndParts) {
  HlsWindow window(41);
  Fragments publisher(window);
  publisher.groups(3);
  EXPECT_EQ(window.playlist(),
            "#EXTM3U\n"
            "#EXT-X-VERSION:6\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-TARGETDURATION:1\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.000,PART-HOLD-BACK=0.945\n"
            "#EXT-X-PART-INF:PART-TARGET=0.315\n"
            "#EXT-X-MEDIA-SEQUENCE:41\n"
            "#EXT-X-MAP:URI=\"41.init.mp4\"\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:00.000Z\n"
            "#EXTINF:1.000,\n"
            "41.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:01.000Z\n"
            "#EXTINF:1.000,\n"
            "42.m4s\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:02.000Z\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.0.m4s\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.1.m4s\"\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.2.m4s\"\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"43.3.m4s\"\n");
  const auto init = window.init(41);
  ASSERT_TRUE(init);
  EXPECT_EQ(as_text(init->bytes()), as_text(boxes::init()));
  EXPECT_FALSE(window.init(42));
  EXPECT_EQ(window.segment(42)->pieces.size(), 20u);
  EXPECT_EQ(window.part({43, 1})->size(), 6u);
  window.end();
  EXPECT_EQ(lines(window.playlist(), "#EXT-X-ENDLIST").size(), 1u);
  EXPECT_EQ(lines(window.playlist(), "43.m4s").size(), 1u);
}

TEST(HlsFragments, RepeatTheMapInAnUpdate) {
  HlsWindow window(1);
  Fragments publisher(window);
  publisher.groups(10);
  const std::string update = window.playlist(true);
  EXPECT_EQ(only(update, "#EXT-X-SKIP:SKIPPED-SEGMENTS="), "3");
  EXPECT_EQ(only(update, "#EXT-X-MAP:URI="), "\"1.init.mp4\"");
  EXPECT_EQ(only(update, "#EXT-X-VERSION:"), "9");
}

// Other parameters need another initialization segment. One that no segment needs any more is dropped.
TEST(HlsFragments, ChangeTheirMapAtADiscontinuity) {
  HlsLimits limits;
  limits.listed = 3;
  limits.kept = 1;
  HlsWindow window(1, limits);
  Fragments publisher(window);
  publisher.groups(2);
  publisher.begin_again();
  publisher.groups(3);
  const std::string playlist = window.playlist();
  EXPECT_EQ(lines(playlist, "#EXT-X-DISCONTINUITY\n").size() + lines(playlist, "#EXT-X-DISCONTINUITY").size(),
            1u);
  EXPECT_NE(playlist.find("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"3.init.mp4\"\n"), std::string::npos)
      << playlist;
  EXPECT_EQ(lines(playlist, "#EXT-X-MAP").size(), 2u) << playlist;
  EXPECT_TRUE(window.init(1) && window.init(3));
  publisher.groups(6);
  EXPECT_FALSE(window.init(1));
  EXPECT_TRUE(window.init(3));
  EXPECT_EQ(only(window.playlist(), "#EXT-X-MAP:URI="), "\"3.init.mp4\"");
}

// The clock is that of the fragments. MPEG-TS may follow.
TEST(HlsFragments, HaveADiscontinuityWhereTheirClockJumps) {
  HlsWindow window(1);
  Fragments publisher(window);
  publisher.groups(3);
  EXPECT_EQ(window.playlist().find("#EXT-X-DISCONTINUITY"), std::string::npos);
  publisher.jump(100);
  publisher.groups(2);
  EXPECT_NE(window.playlist().find("#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM"), std::string::npos)
      << window.playlist();
  window.set_init({});
  Publisher other(window);
  other.groups(2, 1s);
  EXPECT_EQ(lines(window.playlist(), "6.ts").size(), 1u) << window.playlist();
}

TEST(HlsFragments, GiveTheirNewestKeyPicture) {
  HlsWindow window(1);
  EXPECT_TRUE(window.key_fragment().empty());
  Fragments publisher(window);
  publisher.groups(2);
  const auto key = window.key_fragment();
  ASSERT_EQ(key.size(), 2u);
  EXPECT_EQ(as_text(key[0].bytes()), as_text(boxes::init()));
  EXPECT_EQ(as_text(key[1].bytes()), as_text(boxes::fragment(boxes::video_id, 10 * step)));
}

}  // namespace
}  // namespace astral::formats
