// SPDX-License-Identifier: BSD-3-Clause
// Where the window cuts, what it keeps, and what the playlist says.
#include "formats/playlist.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "window.hpp"

namespace astral::formats {
namespace {

std::string durations(const HlsWindow &window) {
  std::string text;
  for (const std::string &line : lines(window.playlist(), "#EXTINF:")) text += line;
  return text;
}

TEST(HlsWindow, HasNoPlaylistBeforeTwoSegments) {
  HlsWindow window;
  EXPECT_FALSE(window.ready());
  EXPECT_EQ(window.playlist(), "");
  Publisher publisher(window);
  publisher.groups(2, 1s);  // the second is not complete
  EXPECT_FALSE(window.ready());
  publisher.group(1s);
  EXPECT_TRUE(window.ready());
  EXPECT_EQ(durations(window), "1.000,1.000,");
}

TEST(HlsWindow, OpensAfterOneLongGroup) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.group(2s);
  EXPECT_FALSE(window.ready());
  publisher.group(100ms);
  EXPECT_TRUE(window.ready());
  EXPECT_EQ(only(window.playlist(), "#EXT-X-TARGETDURATION:"), "2");
}

TEST(HlsWindow, WritesTheWholePlaylist) {
  HlsWindow window(41);
  Publisher publisher(window);
  publisher.groups(3, 1s);
  EXPECT_EQ(window.playlist(),
            "#EXTM3U\n"
            "#EXT-X-VERSION:3\n"
            "#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-TARGETDURATION:1\n"
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.000,PART-HOLD-BACK=0.945\n"
            "#EXT-X-PART-INF:PART-TARGET=0.315\n"
            "#EXT-X-MEDIA-SEQUENCE:41\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:00.000Z\n"
            "#EXTINF:1.000,\n"
            "41.ts\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:01.000Z\n"
            "#EXTINF:1.000,\n"
            "42.ts\n"
            "#EXT-X-PROGRAM-DATE-TIME:2022-11-04T10:00:02.000Z\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.0.ts\",INDEPENDENT=YES\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.1.ts\"\n"
            "#EXT-X-PART:DURATION=0.300,URI=\"43.2.ts\"\n"
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"43.3.ts\"\n");
}

struct CutCase {
  const char *name;
  std::vector<Time> groups;
  const char *durations;
  const char *target;
  std::size_t independent = 1;  // lines that say so
};

TEST(HlsWindow, CutsAtGroupStarts) {
  const std::array cases{
      CutCase{"one a second", {1s, 1s, 1s, 1s}, "1.000,1.000,1.000,", "1"},
      CutCase{"jitter", {960ms, 1040ms, 980ms, 1s}, "0.960,1.040,0.980,", "1"},
      CutCase{"two groups a second", {500ms, 500ms, 500ms, 500ms, 500ms}, "1.000,1.000,", "1"},
      CutCase{"odd lengths", {600ms, 600ms, 600ms, 600ms, 600ms}, "1.200,1.200,", "1"},
      CutCase{"two seconds", {2s, 2s, 2s}, "2.000,2.000,", "2"},
      CutCase{"almost a half above", {1400ms, 1400ms, 1s}, "1.400,1.400,", "2"},
      CutCase{"three seconds", {3s, 3s, 3s}, "2.500,3.500,", "4", 0},
      CutCase{"four seconds", {4s, 4s, 4s}, "2.500,1.500,4.000,", "4", 0},
      CutCase{"eight seconds", {8s, 8s, 1s}, "2.500,4.260,1.240,4.260,3.740,", "4", 0},
  };
  for (const CutCase &test : cases) {
    HlsWindow window;
    Publisher publisher(window);
    for (const Time length : test.groups) publisher.group(length, 20ms);
    EXPECT_EQ(durations(window), test.durations) << test.name;
    EXPECT_EQ(only(window.playlist(), "#EXT-X-TARGETDURATION:"), test.target) << test.name;
    EXPECT_EQ(lines(window.playlist(), "#EXT-X-INDEPENDENT-SEGMENTS").size(), test.independent) << test.name;
  }
}

TEST(HlsWindow, EndsASegmentEarlyRatherThanExceedTheTarget) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.groups(3, 1s, 20ms);  // target 1
  publisher.groups(3, 800ms, 20ms);
  publisher.group(100ms);
  // 800 ms + 800 ms would be more than the target allows.
  EXPECT_EQ(durations(window), "1.000,1.000,1.000,0.800,0.800,0.800,");
}

TEST(HlsWindow, KeepsTheTargetWhenGroupsGrow) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.groups(3, 1s, 20ms);
  publisher.groups(2, 10s, 20ms);
  const std::string playlist = window.playlist();
  EXPECT_EQ(only(playlist, "#EXT-X-TARGETDURATION:"), "1");
  for (const std::string &line : lines(playlist, "#EXTINF:")) EXPECT_LT(std::stod(line), 1.5);
  // A segment that was cut within a group does not start with a key frame, so the tag is missing.
  EXPECT_TRUE(lines(playlist, "#EXT-X-INDEPENDENT-SEGMENTS").empty());
}

TEST(HlsWindow, CutsAGroupThatDoesNotEnd) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.group(2700ms);
  EXPECT_TRUE(window.ready());  // a player need not wait for a key frame that may never come
  EXPECT_EQ(only(window.playlist(), "#EXT-X-TARGETDURATION:"), "4");
  publisher.group(60s);
  for (const std::string &line : lines(window.playlist(), "#EXTINF:")) EXPECT_LT(std::stod(line), 4.5);
}

// A segment can be fetched for as long as the playlist and itself last after it has left the playlist.
TEST(HlsWindow, ListsNineAndKeepsTenMore) {
  HlsWindow window(100);
  Publisher publisher(window);
  publisher.groups(31, 1s);  // 30 complete: 100 to 129
  EXPECT_EQ(only(window.playlist(), "#EXT-X-MEDIA-SEQUENCE:"), "121");
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 9u);
  EXPECT_TRUE(window.segment(129));
  EXPECT_TRUE(window.segment(111));
  ASSERT_FALSE(window.segment(110));
  EXPECT_EQ(window.segment(110).error().code, Code::not_found);
  EXPECT_EQ(window.segment(110).error().detail, "segment 110 is gone");
  EXPECT_EQ(window.segment(130).error().detail, "segment 130 is not there yet");  // begun, not complete
  EXPECT_EQ(window.segment(131).error().detail, "segment 131 is not there yet");
}

TEST(HlsWindow, KeepsThreeMoreIfThereIsNoRoom) {
  HlsLimits limits;
  limits.dvr_bytes = 9 * 10 * packet;
  HlsWindow window(100, limits);
  Publisher publisher(window);
  publisher.groups(31, 1s);
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 9u);
  EXPECT_TRUE(window.segment(118));
  EXPECT_FALSE(window.segment(117));
}

TEST(HlsWindow, ListsAtLeastThreeTargetDurations) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.groups(3, 4s);
  publisher.groups(30, 1s);
  EXPECT_EQ(only(window.playlist(), "#EXT-X-TARGETDURATION:"), "4");
  double length = 0;
  for (const std::string &line : lines(window.playlist(), "#EXTINF:")) length += std::stod(line);
  EXPECT_GE(length, 12.0);
  EXPECT_LT(length, 14.0);
}

TEST(HlsWindow, ListsAsLongAsViewersMayRewind) {
  HlsLimits limits;
  limits.dvr = 60s;
  HlsWindow window(100, limits);
  Publisher publisher(window);
  publisher.groups(41, 1s);
  EXPECT_EQ(only(window.playlist(), "#EXT-X-MEDIA-SEQUENCE:"), "100");
  publisher.groups(60, 1s);  // 100 complete
  EXPECT_EQ(only(window.playlist(), "#EXT-X-MEDIA-SEQUENCE:"), "140");
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 60u);
  EXPECT_TRUE(window.segment(100));
  EXPECT_EQ(lines(window.playlist(true), "#EXTINF:").size(), 6u);
  EXPECT_EQ(only(window.playlist(true), "#EXT-X-SKIP:SKIPPED-SEGMENTS="), "54");
  const auto dates = lines(window.playlist(), "#EXT-X-PROGRAM-DATE-TIME:");
  publisher.group(1s);
  auto later = lines(window.playlist(), "#EXT-X-PROGRAM-DATE-TIME:");
  later.pop_back();
  EXPECT_EQ(std::vector<std::string>(dates.begin() + 1, dates.end()), later);  // a segment keeps its date
  publisher.groups(30, 1s);
  EXPECT_EQ(only(window.playlist(), "#EXT-X-MEDIA-SEQUENCE:"), "171");
  EXPECT_TRUE(window.segment(110));
  EXPECT_FALSE(window.segment(109));
}

TEST(HlsWindow, ListsLessIfThatTakesTooManyBytes) {
  HlsLimits limits;
  limits.dvr = 60s;
  limits.dvr_bytes = 2'000'000;
  limits.bytes = 100'000'000;
  HlsWindow window(0, limits);
  Publisher publisher(window);
  publisher.groups(100, 1s, 100ms, 10'000);  // 100 kB a group
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 20u);
  window.limit_dvr(1'200'000);  // another stream has come
  publisher.groups(2, 1s, 100ms, 10'000);
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 12u);
  window.limit_dvr(1);
  publisher.groups(2, 1s, 100ms, 10'000);
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 9u);
  window.limit_dvr(2'000'000);
  publisher.groups(100, 1s, 100ms, 10'000);
  EXPECT_EQ(lines(window.playlist(), "#EXTINF:").size(), 20u);
}

TEST(HlsWindow, KeepsWithinItsBytes) {
  HlsLimits limits;
  limits.bytes = 100'000;
  limits.segment_bytes = 40'000;
  HlsWindow window(0, limits);
  Publisher publisher(window);
  for (int i = 0; i < 50; ++i) {
    publisher.group(1s, 100ms, 9'000);  // 90 kB a group
    EXPECT_LE(window.size(), 100'000u);
  }
  const std::string playlist = window.playlist();
  const std::uint64_t first = std::stoull(only(playlist, "#EXT-X-MEDIA-SEQUENCE:"));
  const auto segment = window.segment(first);
  ASSERT_TRUE(segment);
  EXPECT_LE(segment->size, 40'000u);
  EXPECT_FALSE(window.segment(first - 1));
}

TEST(HlsWindow, AcceptsAPieceThatIsLargerThanAllLimits) {
  HlsLimits limits;
  limits.bytes = 1'000;
  limits.segment_bytes = 500;
  HlsWindow window(0, limits);
  Publisher publisher(window);
  publisher.groups(5, 1s);
  publisher.group(100ms, 100ms, 5'000);
  publisher.groups(5, 1s);
  EXPECT_LE(window.size(), 1'000u);
  EXPECT_TRUE(window.ready());
}

TEST(HlsWindow, PutsTheHeaderBeforeSegmentsWithoutAPat) {
  HlsWindow window;
  const Slice header = pat();
  window.set_header(header);
  Publisher publisher(window);
  publisher.groups(2, 1s);
  const auto prefixed = window.segment(0);
  ASSERT_TRUE(prefixed);
  ASSERT_EQ(prefixed->pieces.size(), 11u);
  EXPECT_EQ(prefixed->pieces[0].data(), header.data());  // shared, not copied
  EXPECT_EQ(prefixed->size, 11 * packet);

  HlsWindow whole;
  whole.set_header(header);
  whole.push({1, 0s, pat(), false}, {});
  whole.push({1, 0s, video(), false}, {});
  whole.push({2, 1s, pat(), false}, {});
  ASSERT_TRUE(whole.segment(0));
  EXPECT_EQ(whole.segment(0)->pieces.size(), 2u);
}

TEST(HlsWindow, IgnoresAHeaderThatIsTooLarge) {
  HlsLimits limits;
  limits.header_bytes = packet;
  HlsWindow window(0, limits);
  window.set_header(pattern(0x40, 0x00, 2 * packet));
  Publisher publisher(window);
  publisher.groups(2, 1s);
  EXPECT_EQ(window.segment(0)->pieces.size(), 10u);
}

TEST(HlsWindow, SharesTheBytes) {
  HlsWindow window;
  const Slice piece = video();
  window.push({1, 0s, piece, false}, {});
  window.push({2, 1s, video(), false}, {});
  ASSERT_TRUE(window.segment(0));
  EXPECT_EQ(window.segment(0)->pieces[0].data(), piece.data());
}

TEST(HlsWindow, ContinuesWhenThePublisherRestarts) {
  HlsWindow window;
  Publisher publisher(window);
  publisher.groups(4, 1s);          // 0 to 3
  publisher.jump(1'000'000, -20s);  // another publisher session: higher groups, another clock
  publisher.groups(3, 1s);          // 4 to 6, the last not complete
  const std::string playlist = window.playlist();
  EXPECT_EQ(only(playlist, "#EXT-X-MEDIA-SEQUENCE:"), "0");
  EXPECT_EQ(durations(window), "1.000,1.000,1.000,1.000,1.000,1.000,");
  ASSERT_EQ(lines(playlist, "#EXT-X-DISCONTINUITY").size(), 1u);
  EXPECT_NE(playlist.find("\n3.ts\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM"), std::string::npos);
  EXPECT_TRUE(lines(playlist, "#EXT-X-DISCONTINUITY-SEQUENCE:").empty());
  publisher.groups(10, 1s);
  EXPECT_EQ(only(window.playlist(), "#EXT-X-DISCONTINUITY-SEQUENCE:"), "1");
  EXPECT_EQ(lines(window.playlist(), "#EXT-X-DISCONTINUITY").size(), 1u);  // only the line above begins so
}

TEST(HlsWindow, MarksADiscontinuity) {
  struct Case {
    const char *name;
    std::uint64_t group;  // after group 3 that ended at 3 s
    Time pts;
    bool broken;
    bool marked;
    std::size_t expected;
  };
  const std::array cases{
      Case{"none", 4, 3s, false, false, 0},
      Case{"a group is missing", 5, 4s, false, false, 1},
      Case{"an older group", 2, 3s, false, false, 1},
      Case{"DISCONT", 4, 3s, true, false, 1},
      Case{"DISCONT within a group", 3, 3s, true, false, 0},
      Case{"a small step", 4, 5s, false, false, 0},
      Case{"a large step", 4, 60s, false, false, 1},
      Case{"a step back", 4, 0s - 1s, false, false, 1},
      Case{"a large step within a group", 3, 60s, false, false, 1},
      Case{"a mark", 4, 3s, false, true, 1},
      Case{"a mark within a group", 3, 3s, false, true, 1},
  };
  for (const Case &test : cases) {
    HlsWindow window;
    for (std::uint64_t group = 1; group <= 3; ++group)
      for (int i = 0; i < 10; ++i)
        window.push({group, std::chrono::seconds(group - 1) + i * 100ms, video(), false}, {});
    if (test.marked) window.mark_discontinuity();
    window.push({test.group, test.pts, video(), test.broken}, {});
    window.push({test.group + 1, test.pts + 1s, video(), false}, {});
    EXPECT_EQ(lines(window.playlist(), "#EXT-X-DISCONTINUITY").size(), test.expected) << test.name;
    for (const std::string &line : lines(window.playlist(), "#EXTINF:"))
      EXPECT_LE(std::stod(line), 1.5) << test.name;
  }
}

TEST(HlsWindow, BeginsWithoutADiscontinuity) {
  HlsWindow window;
  window.push({7, 100s, video(), true}, {});
  window.push({8, 101s, video(), false}, {});
  window.push({9, 102s, video(), false}, {});
  EXPECT_TRUE(lines(window.playlist(), "#EXT-X-DISCONTINUITY").empty());
}

TEST(HlsWindow, IgnoresEmptyPieces) {
  HlsWindow window;
  window.push({1, 0s, Slice(), false}, {});
  EXPECT_EQ(window.size(), 0u);
  EXPECT_FALSE(window.segment(0));
}

}  // namespace
}  // namespace astral::formats
