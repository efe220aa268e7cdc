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
