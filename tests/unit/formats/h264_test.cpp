// SPDX-License-Identifier: BSD-3-Clause
// NAL units in both forms, parameter sets, and where a decoder can start.
#include "formats/h264.hpp"

#include <gtest/gtest.h>

#include "formats/pictures.hpp"

namespace astral::formats {
namespace {

using h264::Buffer;

const Buffer record{0x01, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x42, 0xc0, 0x0a, 0xda, 0x25,
                    0xb0, 0x16, 0xa0, 0xc0, 0xc0, 0xd4, 0xa0, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00,
                    0x06, 0x51, 0xe2, 0x44, 0xd4, 0x01, 0x00, 0x04, 0x68, 0xce, 0x3c, 0x80};

TEST(H264, FindsUnitsAfterStartCodes) {
  const Buffer picture{0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x65, 0, 0, 3, 1, 0, 0, 0, 1, 0x41, 7, 0, 0};
  const auto units = h264::units_after_start_codes(picture);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].size(), 2u);
  EXPECT_EQ(units[1].size(), 5u);
  EXPECT_EQ(units[2].size(), 2u);
  EXPECT_TRUE(h264::units_after_start_codes(Buffer{0, 0}).empty());
  EXPECT_TRUE(h264::units_after_start_codes(Buffer{0, 0, 1}).empty());
  EXPECT_TRUE(h264::units_after_start_codes({}).empty());
}

TEST(H264, LengthsMustFit) {
  const Buffer good{0, 0, 0, 2, 0x65, 1, 0, 0, 0, 1, 0x41};
  ASSERT_TRUE(h264::units_after_lengths(good, 4));
  EXPECT_EQ(h264::units_after_lengths(good, 4)->size(), 2u);
  EXPECT_FALSE(h264::units_after_lengths(Bytes(good).first(5), 4));
  EXPECT_FALSE(h264::units_after_lengths(Bytes(good).first(8), 4));
  EXPECT_FALSE(h264::units_after_lengths(Buffer{0xff, 0xff, 0xff, 0xff, 1}, 4));
}

TEST(H264, ARecordIsWrittenAsItWasRead) {
  h264::Parameters parameters;
  EXPECT_EQ(parameters.read_record(record), 4u);
  EXPECT_EQ(parameters.record(), record);
  EXPECT_FALSE(parameters.learn(parameters.units()));
  for (std::size_t size = 0; size < record.size(); ++size) {
    h264::Parameters other;
    EXPECT_FALSE(other.read_record(Bytes(record).first(size))) << size;
    EXPECT_FALSE(other.are_known());
  }
}

TEST(H264, KnowsARecoveryPoint) {
  EXPECT_TRUE(h264::is_recovery_point(Buffer{6, 6, 1, 0xc4, 0x80}));
  EXPECT_TRUE(h264::is_recovery_point(Buffer{6, 5, 2, 0, 0, 6, 1, 0xc4, 0x80}));
  EXPECT_FALSE(h264::is_recovery_point(Buffer{6, 5, 2, 6, 1, 0x80}));
  EXPECT_FALSE(h264::is_recovery_point(Buffer{6, 0xff, 0xff}));
  EXPECT_FALSE(h264::is_recovery_point(Buffer{6, 5, 0xff, 0xff, 0xff, 1}));
}

class PicturesTest : public testing::Test {
 protected:
  bool take(std::initializer_list<std::uint8_t> unit, bool is_after_loss = false) {
    Unit picture;
    picture.is_after_loss = is_after_loss;
    if (*unit.begin() == 0x65 || *unit.begin() == 6)
      for (const Bytes set : known_.units()) h264::put_after_start_code(picture.data, set);
    h264::put_after_start_code(picture.data, Buffer(unit));
    if (*unit.begin() == 6) h264::put_after_start_code(picture.data, Buffer{0x41, 5});
    now_ += 40ms;
    return pictures_.take(picture, now_).has_value();
  }
  PicturesTest() { known_.read_record(record); }

  h264::Parameters known_;
  Pictures pictures_;
  Time now_{};
};

TEST_F(PicturesTest, BeginWithOneThatADecoderCanStartWith) {
  EXPECT_FALSE(take({0x41, 1}));
  EXPECT_TRUE(take({0x65, 1}));
  EXPECT_TRUE(take({0x41, 1}));
}

TEST_F(PicturesTest, BeginAtARecoveryPointToo) {
  EXPECT_FALSE(take({0x41, 1}));
  EXPECT_TRUE(take({6, 6, 1, 0xc4, 0x80}));
}

TEST_F(PicturesTest, AfterALossWaitForTheNextStart) {
  EXPECT_TRUE(take({0x65, 1}));
  EXPECT_FALSE(take({0x41, 1}, true));
  EXPECT_FALSE(take({0x41, 1}));
  EXPECT_TRUE(take({0x65, 1}));
  EXPECT_TRUE(take({0x41, 1}));
}

TEST_F(PicturesTest, AfterALossDoNotWaitForEver) {
  EXPECT_TRUE(take({0x65, 1}));
  EXPECT_FALSE(take({0x41, 1}, true));
  now_ += Pictures::longest_freeze;
  EXPECT_TRUE(take({0x41, 1}));
}

}  // namespace
}  // namespace astral::formats
