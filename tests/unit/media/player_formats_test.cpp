// SPDX-License-Identifier: BSD-3-Clause
#include "media/player_formats.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <set>

namespace astral::media {
namespace {

TEST(PlayerFormats, EachLiveFormatHasItsOwnPathAndABranch) {
  std::set<std::string> paths;
  for (const formats::LiveFormat &live : live_formats()) {
    EXPECT_TRUE(paths.insert(live.path()).second) << live.path();
    if (live.format == formats::Format::ts) continue;  // is not converted
    EXPECT_TRUE(make_branch(live.format, g_main_context_default())) << live.name;
  }
  EXPECT_TRUE(paths.contains("/live.ts"));
}

TEST(PlayerFormats, OnlyARegisteredFormatHasABranch) {
  EXPECT_TRUE(make_branch(formats::Format::rtmp, g_main_context_default()));
  EXPECT_TRUE(make_branch(formats::Format::webrtc, g_main_context_default()));
  EXPECT_FALSE(make_branch({"nothing"}, g_main_context_default()));
}

}  // namespace
}  // namespace astral::media
