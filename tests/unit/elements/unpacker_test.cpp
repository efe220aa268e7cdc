// SPDX-License-Identifier: BSD-3-Clause
// Which segment a source pad sends: it depends on who timestamps the media, the buffers or the container.
#include "elements/unpacker.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace astral::elements {
namespace {

class UnpackerTest : public testing::TestWithParam<const char *> {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }

  void unpack_one() {
    auto taken = std::make_shared<Taken>();
    taken->catalog =
        std::make_shared<const Catalog>(Catalog{.group = 1, .caps = GetParam(), .streamheader = {}, .text = {}});
    const auto out = unpacker_.unpack(taken, 0);
    ASSERT_TRUE(out) << out.error().detail;
  }

  Unpacker unpacker_;
};

class ContainerTime : public UnpackerTest {};

TEST_P(ContainerTime, ABytesSegmentLeavesTheTimeToTheDemuxer) {
  unpack_one();
  EXPECT_EQ(unpacker_.segment().format, GST_FORMAT_BYTES);
  EXPECT_EQ(unpacker_.segment().start, 0u);
}

INSTANTIATE_TEST_SUITE_P(Caps, ContainerTime,
                         testing::Values("video/x-matroska", "video/webm, a=(int)1", "video/x-flv",
                                         "video/quicktime, variant=(string)iso", "application/ogg",
                                         "video/mpeg, mpegversion=(int)2, systemstream=(boolean)true"));

// A break is where objects are missing, or where another run of the publisher begins.
class Breaks : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    gst_init(nullptr, nullptr);
    if (!gst_meta_get_info(object_meta)) register_object_meta();
  }

  // Whether this object is marked as a break.
  bool is_break(std::uint64_t group, std::int64_t pts, std::int64_t running_time, bool skipped = false) {
    auto taken = std::make_shared<Taken>();
    taken->object.id = {group, 0};
    taken->timing.pts = pts;
    taken->skipped = skipped;
    taken->catalog = catalog_;
    taken->arrived = now();
    const auto out = unpacker_.unpack(taken, running_time);
    return out && GST_BUFFER_FLAG_IS_SET(out->buffers.back().get(), GST_BUFFER_FLAG_DISCONT);
  }

  const std::shared_ptr<const Catalog> catalog_ = std::make_shared<const Catalog>(Catalog{
      .group = 1, .caps = "video/mpegts, systemstream=(boolean)true", .streamheader = {}, .text = {}});
  Unpacker unpacker_;
};

TEST_F(Breaks, LatenessAndStepsOfTheClockAreNone) {
  constexpr std::int64_t second = 1'000'000'000;
  std::uint64_t group = 5000;
  std::int64_t at = 0;
  EXPECT_TRUE(is_break(group++, at, at));  // the first one
  for (; at < 10 * second; at += second) EXPECT_FALSE(is_break(group++, at, at));
  for (; at < 30 * second; at += second) EXPECT_FALSE(is_break(group++, at, at + 3 * second / 2)) << "late";
  EXPECT_FALSE(is_break(group++, at + 9 * second, at)) << "a pause";
  EXPECT_FALSE(is_break(group++, at - 2 * second, at)) << "a clock that goes back";
  EXPECT_TRUE(is_break(group++, at, at, true)) << "missing objects";
  EXPECT_FALSE(is_break(group, at, at));
  EXPECT_TRUE(is_break(group + track::Store::restart_leap, at, at)) << "another run";
}

class BufferTime : public UnpackerTest {};

TEST_P(BufferTime, ATimeSegmentStartsAtThePresentOfTheStream) {
  unpack_one();
  EXPECT_EQ(unpacker_.segment().format, GST_FORMAT_TIME);
  EXPECT_EQ(unpacker_.segment().start, static_cast<std::uint64_t>(Unpacker::lead));
}

INSTANTIATE_TEST_SUITE_P(Caps, BufferTime,
                         testing::Values("video/mpegts, systemstream=(boolean)true, packetsize=(int)188",
                                         "video/x-h264, stream-format=(string)byte-stream",
                                         "video/mpeg, mpegversion=(int)2, systemstream=(boolean)false",
                                         "audio/x-opus"));

}  // namespace
}  // namespace astral::elements
