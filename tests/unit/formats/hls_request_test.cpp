// SPDX-License-Identifier: BSD-3-Clause
// Requests of HLS players.
#include "formats/hls_request.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace astral::formats {
namespace {

TEST(SegmentName, IsParsedAsItIsWritten) {
  EXPECT_EQ(segment_name(0), "0.ts");
  EXPECT_EQ(segment_name(UINT64_MAX), "18446744073709551615.ts");
  EXPECT_EQ(segment_name(41, Container::mp4), "41.m4s");
  EXPECT_EQ(parse_segment_name("0.ts"), 0u);
  EXPECT_EQ(parse_segment_name("41.m4s"), 41u);
  EXPECT_EQ(parse_segment_name("41.ts"), 41u);
  EXPECT_EQ(parse_segment_name("18446744073709551615.ts"), UINT64_MAX);
  for (const char *name : {"", ".ts", "1", "1.mp4", "1.tss", "-1.ts", "+1.ts", " 1.ts", "1 .ts", "01.ts",
                           "0x1.ts", "1.ts ", "a.ts", "1/2.ts", "../1.ts", "18446744073709551616.ts"})
    EXPECT_FALSE(parse_segment_name(name)) << name;
}

TEST(PartName, IsParsedAsItIsWritten) {
  EXPECT_EQ(part_name({41, 3}), "41.3.ts");
  EXPECT_EQ(part_name({41, 3}, Container::mp4), "41.3.m4s");
  EXPECT_EQ(parse_part_name("41.3.ts"), (PartId{41, 3}));
  EXPECT_EQ(parse_part_name("41.3.m4s"), (PartId{41, 3}));
  EXPECT_EQ(parse_part_name("0.0.ts"), (PartId{0, 0}));
  for (const char *name :
       {"", ".ts", "41.ts", "41..ts", ".3.ts", "41.3", "41.3.mp4", "041.3.ts", "41.03.ts", "41.3.4.ts",
        "41.-3.ts", "41.3.ts ", "18446744073709551616.0.ts", "0.18446744073709551616.ts"})
    EXPECT_FALSE(parse_part_name(name)) << name;
}

TEST(InitName, IsParsedAsItIsWritten) {
  EXPECT_EQ(init_name(41), "41.init.mp4");
  EXPECT_EQ(parse_init_name("41.init.mp4"), 41u);
  for (const char *name :
       {"", ".init.mp4", "41.mp4", "41.init", "041.init.mp4", "-1.init.mp4", "41.3.init.mp4"})
    EXPECT_FALSE(parse_init_name(name)) << name;
  EXPECT_FALSE(parse_segment_name("41.init.mp4"));
  EXPECT_FALSE(parse_part_name("41.init.mp4"));
}

TEST(MediaType, IsThatOfTheContainer) {
  EXPECT_STREQ(media_type("41.ts"), "video/mp2t");
  for (const char *name : {"41.m4s", "41.3.m4s", "41.init.mp4"}) EXPECT_STREQ(media_type(name), "video/mp4");
}

TEST(PlaylistQuery, HasTheDeliveryDirectives) {
  struct Case {
    const char *query;
    PlaylistQuery expected;
  };
  const std::array cases{
      Case{"", {}},
      Case{"_HLS_msn=7", {.sequence = 7}},
      Case{"_HLS_msn=7&_HLS_part=0", {.sequence = 7, .part = 0}},
      Case{"_HLS_part=2&_HLS_msn=7&_HLS_skip=YES", {.sequence = 7, .part = 2, .may_skip = true}},
      Case{"_HLS_skip=v2", {.may_skip = true}},
      Case{"_HLS_skip=", {}},
      Case{"_HLS_skip=maybe", {}},
      Case{"token=x&&=&_HLS_msn=7&_HLS_later=1", {.sequence = 7}},
      Case{"_HLS_msn=18446744073709551615", {.sequence = UINT64_MAX}},
  };
  for (const Case &test : cases) {
    const auto query = parse_playlist_query(test.query);
    ASSERT_TRUE(query) << test.query;
    EXPECT_EQ(*query, test.expected) << test.query;
  }
}

TEST(PlaylistQuery, RefusesBadValues) {
  for (const char *query :
       {"_HLS_msn", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=1.5", "_HLS_msn=%31", "_HLS_msn=x",
        "_HLS_msn=18446744073709551616", "_HLS_part=1", "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_part=a",
        "_HLS_msn=1&_HLS_msn=1", "_HLS_msn=1&_HLS_part=1&_HLS_part=2"}) {
    const auto read = parse_playlist_query(query);
    ASSERT_FALSE(read) << query;
    EXPECT_EQ(read.error().code, Code::invalid) << query;
  }
}

}  // namespace
}  // namespace astral::formats
