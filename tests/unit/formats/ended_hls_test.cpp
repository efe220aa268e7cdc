// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ended_hls.hpp"

#include <gtest/gtest.h>

#include "window.hpp"

namespace astral::formats {
namespace {

HlsWindow window_of(int groups) {
  HlsWindow window(41);
  Publisher publisher(window);
  if (groups > 0) publisher.groups(groups, 1s);
  return window;
}

TEST(EndedHls, ThePlaylistEndsWithAWholeLastSegment) {
  HlsWindow window = window_of(3);
  const auto open = lines(window.playlist(), "#EXTINF:").size();
  EXPECT_EQ(window.playlist().find("ENDLIST"), std::string::npos);
  window.end();
  const std::string playlist = window.playlist();
  EXPECT_TRUE(playlist.ends_with("43.ts\n#EXT-X-ENDLIST\n")) << playlist;
  EXPECT_EQ(lines(playlist, "#EXTINF:").size(), open + 1);
  EXPECT_EQ(playlist.find("PRELOAD-HINT"), std::string::npos);
  EXPECT_FALSE(window.segment(43)->pieces.empty());
  // A request that waited for the next segment hears that there is none.
  EXPECT_EQ(*window.playlist({.sequence = 44}), playlist);
}

TEST(EndedHls, KeepsAWindowForItsTime) {
  EndedHls ended;
  ended.put("talk", window_of(3), 10s);
  ASSERT_TRUE(ended.find("talk", 10s));
  EXPECT_TRUE(ended.find("talk", 10s)->playlist().ends_with("#EXT-X-ENDLIST\n"));
  EXPECT_EQ(ended.due(), 10s + EndedHls::kept);
  EXPECT_TRUE(ended.find("talk", ended.due() - 1ms));
  EXPECT_FALSE(ended.find("talk", ended.due()));
  EXPECT_FALSE(ended.find("other", 10s));
  ended.drop_old(ended.due());
  EXPECT_EQ(ended.due(), never);
}

TEST(EndedHls, KeepsNothingOfAStreamWithoutMedia) {
  EndedHls ended;
  ended.put("talk", window_of(3), 0s);
  ended.put("talk", window_of(0), 1s);  // it came back, and ended before its first picture
  EXPECT_FALSE(ended.find("talk", 1s));
  EXPECT_EQ(ended.due(), never);
}

TEST(EndedHls, TheOneThatEndedFirstMakesWay) {
  EndedHls ended;
  for (std::size_t i = 0; i <= EndedHls::most; ++i) ended.put("s" + std::to_string(i), window_of(3), i * 1s);
  EXPECT_FALSE(ended.find("s0", 10s));
  for (std::size_t i = 1; i <= EndedHls::most; ++i) EXPECT_TRUE(ended.find("s" + std::to_string(i), 10s));
}

}  // namespace
}  // namespace astral::formats
