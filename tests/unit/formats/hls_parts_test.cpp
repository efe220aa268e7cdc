// SPDX-License-Identifier: BSD-3-Clause
// Low-latency HLS: which parts a segment has, and which playlist answers which request.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "window.hpp"

namespace astral::formats {
namespace {

constexpr Time frame = 40ms;

std::string parts(const HlsWindow &window) {
  std::string text;
  for (const std::string &line : lines(window.playlist(), "#EXT-X-PART:DURATION=")) text += line + ' ';
  return text;
}

TEST(HlsParts, AreListedInThePlaylist) {
  HlsWindow window(41);
  Publisher publisher(window);
  publisher.groups(4, 1s, frame);
  EXPECT_EQ(window.playlist(),
            "#EXTM3U\n"
            "#EXT-X-VERSION:3\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-TARGETDURATION:1\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.000,PART-HOLD-BACK=0.756\n"
            "#EXT-X-PART-INF:PART-TARGET=0.252\n"
            "#EXT-X-MEDIA-SEQUENCE:41\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:00.000Z\n"
            "#EXTINF:1.000,\n"
            "41.ts\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:01.000Z\n"
            "#EXTINF:1.000,\n"
            "42.ts\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:02.000Z\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"43.0.ts\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"43.1.ts\"\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"43.2.ts\"\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"43.3.ts\"\n"
            "#EXT-X-PART:DURATION=0.040,URI=\"43.4.ts\"\n"
            "#EXTINF:1.000,\n"
            "43.ts\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:03.000Z\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"44.0.ts\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"44.1.ts\"\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"44.2.ts\"\n"
            "#EXT-X-PART:DURATION=0.240,URI=\"44.3.ts\"\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"44.4.ts\"\n");
}

TEST(HlsParts, AreListedForTheLastThreeTargetDurationsOnly) {
  HlsWindow window(100);
  Publisher publisher(window);
  publisher.groups(12, 1s, frame);
  const std::string playlist = window.playlist();
  EXPECT_EQ(playlist.find("\"107.0.ts\""), std::string::npos);
  EXPECT_NE(playlist.find("\"108.0.ts\""), std::string::npos);
  EXPECT_EQ(lines(playlist, "#EXTINF").size(), 9u);
}

TEST(HlsParts, AreWholeFramesOfAbout250Ms) {
  struct Case {
    Time step;
    const char *target;
  };
  for (const Case &test :
       {Case{5ms, "0.263"}, Case{16'667us, "0.263"}, Case{33'367us, "0.246"}, Case{40ms, "0.252"},
        Case{100ms, "0.315"}, Case{200ms, "0.210"}, Case{1s, "0 lines"}}) {
    HlsWindow window;
    Publisher publisher(window);
    publisher.groups(4, 2s, test.step);
    const std::string playlist = window.playlist();
    EXPECT_EQ(only(playlist, "#EXT-X-PART-INF:PART-TARGET="), test.target);
    EXPECT_EQ(lines(playlist, "#EXT-X-PART:").empty(), test.step == 1s);
    EXPECT_EQ(lines(playlist, "#EXT-X-PRELOAD-HINT:").empty(), test.step == 1s);
    const double target = test.step == 1s ? 0 : std::stod(only(playlist, "#EXT-X-PART-INF:PART-TARGET="));
    for (const std::string &line : lines(playlist, "#EXT-X-PART:DURATION="))
      EXPECT_LE(std::stod(line), target);
  }
}

TEST(HlsParts, NeverChangeTheirTargetDuration) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.groups(3, 1s, frame);
  publisher.group(1s, 500ms);
  publisher.group(1s, 1s);
  EXPECT_EQ(
      parts(window),
      "0.240,URI=\"2.0.ts\",INDEPENDENT=YES 0.240,URI=\"2.1.ts\" 0.240,URI=\"2.2.ts\" 0.240,URI=\"2.3.ts\" "
      "0.040,URI=\"2.4.ts\" 0.252,URI=\"3.0.ts\",INDEPENDENT=YES 0.252,URI=\"3.1.ts\" ");
}

// 90 kHz, wrapped at 33 bits.
std::vector<std::uint8_t> frame_packet(std::uint8_t stream, std::uint64_t dts) {
  std::vector<std::uint8_t> bytes(packet, 0xff);
  const auto stamp = [](std::uint8_t mark, std::uint64_t ticks) {
    return std::array{
        static_cast<std::uint8_t>(mark | (ticks >> 29 & 0x0e) | 1), static_cast<std::uint8_t>(ticks >> 22),
        static_cast<std::uint8_t>((ticks >> 14 & 0xfe) | 1), static_cast<std::uint8_t>(ticks >> 7),
        static_cast<std::uint8_t>((ticks << 1 & 0xfe) | 1)};
  };
  const std::uint8_t head[] = {0x47, 0x41, 0x00, 0x30, 1, 0, 0, 0, 1, stream, 0, 0, 0x80, 0xc0, 10};
  const auto pts = stamp(0x30, dts + 7200), at = stamp(0x10, dts);
  auto end = std::copy(std::begin(head), std::end(head), bytes.begin());
  end = std::copy(pts.begin(), pts.end(), end);
  std::copy(at.begin(), at.end(), end);
  return bytes;
}

// Three small frames in each piece, whose times are those of the pieces. The clock wraps within segment 2.
TEST(HlsParts, BeginWithAFrameAlsoInsideAPiece) {
  HlsWindow window;
  const std::uint64_t fold = std::uint64_t{1} << 33;
  std::uint64_t dts = fold - 2 * 90'000 - 45'000;
  for (int i = 0; i < 100 / 3; ++i) {
    std::vector<std::uint8_t> bytes(packet, 0xff);
    for (int j = 0; j < 3; ++j) {
      for (const std::uint8_t stream : {std::uint8_t{0xc0}, std::uint8_t{0xe0}}) {
        const auto one = frame_packet(stream, dts % fold);
        bytes.insert(bytes.end(), one.begin(), one.end());
      }
      dts += 3600;
    }
    window.push({static_cast<std::uint64_t>(i / 9), i * 3 * frame, Slice::copy(bytes), false}, {});
  }
  EXPECT_EQ(only(window.playlist(), "#EXT-X-PART-INF:PART-TARGET="), "0.252");
  EXPECT_TRUE(parts(window).starts_with(
      "0.240,URI=\"2.0.ts\",INDEPENDENT=YES 0.240,URI=\"2.1.ts\" 0.240,URI=\"2.2.ts\" "))
      << parts(window);
  for (const std::uint64_t index : {1u, 2u, 3u}) {
    const auto part = window.part({2, index});
    ASSERT_TRUE(part);
    EXPECT_EQ(part->front().data()[9], 0xe0);
  }
}

TEST(HlsParts, TogetherHaveTheBytesOfTheirSegment) {
  HlsWindow window;
  const Slice header = pat();
  window.set_header(header);
  Publisher publisher(window);
  publisher.groups(4, 1s, frame);
  std::vector<const std::uint8_t *> whole, together;
  const auto segment = window.segment(2);
  ASSERT_TRUE(segment);
  for (const Slice &piece : segment->pieces) whole.push_back(piece.data());
  for (std::uint64_t i = 0; i < segment->parts.size(); ++i) {
    const auto part = window.part({2, i});
    ASSERT_TRUE(part) << i;
    for (const Slice &piece : *part) together.push_back(piece.data());
  }
  EXPECT_EQ(together, whole);
  EXPECT_EQ(whole.front(), header.data());
}

TEST(HlsParts, AreFoundOrAwaitedOrNotFound) {
  HlsWindow window(41);
  Publisher publisher(window);
  publisher.groups(4, 1s, frame);  // 41, 42, 43 with five parts; four of 44
  struct Case {
    PartId part;
    std::optional<Code> error;
  };
  for (const Case &test :
       {Case{{43, 0}, std::nullopt}, Case{{43, 4}, std::nullopt}, Case{{43, 5}, Code::not_found},
        Case{{42, 0}, Code::not_found}, Case{{44, 3}, std::nullopt}, Case{{44, 4}, Code::unreachable},
        Case{{44, 5}, Code::not_found}, Case{{45, 0}, Code::not_found}, Case{{0, 0}, Code::not_found}}) {
    const auto part = window.part(test.part);
    EXPECT_EQ(part ? std::nullopt : std::optional(part.error().code), test.error) << part_name(test.part);
  }
}

TEST(HlsReload, WaitsForTheNextSegmentOrPart) {
  HlsWindow window(41);
  EXPECT_EQ(window.playlist(PlaylistQuery{}).error().code, Code::unreachable);
  Publisher publisher(window);
  publisher.groups(4, 1s, frame);  // 41, 42, 43 with five parts; four of 44
  struct Case {
    PlaylistQuery query;
    std::optional<Code> error;
  };
  const std::array cases{
      Case{{}, std::nullopt},
      Case{{.sequence = 1}, std::nullopt},  // gone long ago
      Case{{.sequence = 43}, std::nullopt},
      Case{{.sequence = 43, .part = 4}, std::nullopt},
      Case{{.sequence = 43, .part = 5}, std::nullopt},  // the first of 44
      Case{{.sequence = 42, .part = 9}, std::nullopt},
      Case{{.sequence = 44}, Code::unreachable},
      Case{{.sequence = 44, .part = 3}, std::nullopt},
      Case{{.sequence = 44, .part = 4}, Code::unreachable},
      Case{{.sequence = 44, .part = 15}, Code::unreachable},  // 3 s of parts ahead
      Case{{.sequence = 44, .part = 16}, Code::invalid},
      Case{{.sequence = 45}, Code::unreachable},
      Case{{.sequence = 45, .part = 0}, Code::unreachable},
      Case{{.sequence = 45, .part = 12}, Code::invalid},
      Case{{.sequence = 46}, Code::invalid},
      Case{{.sequence = UINT64_MAX, .part = UINT64_MAX}, Code::invalid},
  };
  for (const Case &test : cases) {
    const auto playlist = window.playlist(test.query);
    const std::string name =
        std::to_string(test.query.sequence.value_or(0)) + '.' + std::to_string(test.query.part.value_or(0));
    EXPECT_EQ(playlist ? std::nullopt : std::optional(playlist.error().code), test.error) << name;
    EXPECT_EQ(playlist.value_or(window.playlist()), window.playlist()) << name;
  }
  EXPECT_EQ(window.patience(), 3s);
}

TEST(HlsReload, IsAnsweredWhenThePlaylistGrows) {
  HlsWindow window;
  std::string before;
  std::uint64_t group = 0;
  int news = 0;
  for (Time at{}; at < 6s; at += frame) {
    if (at % 1s == Time::zero()) ++group;
    const bool is_news = window.push({group, at, video(), false}, {});
    EXPECT_EQ(is_news, window.playlist() != before);
    before = window.playlist();
    news += is_news ? 1 : 0;
  }
  EXPECT_EQ(news, 1 + 4 * 5 - 1);
}

TEST(HlsDelta, LeavesOutTheOlderSegments) {
  HlsWindow window(41);
  Publisher publisher(window);
  publisher.groups(7, 1s, frame);
  EXPECT_EQ(window.playlist(true), window.playlist());  // all within six target durations
  publisher.groups(4, 1s, frame);
  const std::string whole = window.playlist(),
                    delta = *window.playlist({.sequence = 51, .part = 0, .may_skip = true});
  EXPECT_EQ(only(delta, "#EXT-X-VERSION:"), "9");
  EXPECT_EQ(only(delta, "#EXT-X-SKIP:SKIPPED-SEGMENTS="), "3");
  EXPECT_EQ(only(delta, "#EXT-X-MEDIA-SEQUENCE:"), only(whole, "#EXT-X-MEDIA-SEQUENCE:"));
  EXPECT_EQ(lines(whole, "#EXTINF:").size(), 9u);
  EXPECT_EQ(lines(delta, "#EXTINF:").size(), 6u);
  EXPECT_TRUE(whole.ends_with(delta.substr(delta.find("#EXT-X-PROGRAM-DATE-TIME"))));
}

}  // namespace
}  // namespace astral::formats
