// SPDX-License-Identifier: BSD-3-Clause
// Sequence headers of libaom and SVT-AV1, and the decoder's configuration of them.
#include "formats/av1.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace astral::formats::av1 {
namespace {

std::vector<std::uint8_t> bytes(const std::string &hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

// Temporal units: a delimiter, a sequence header, and the begin of a frame that is cut short.
const std::string usual = "12000a0b000000043cfeccdaf900403299071400",
                  ten = "12000a0b00000042abbfc3732be50132f852", full = "12000a0a20000002afff9b5f204032fe0214",
                  grey = "12000a0a00000002afff9b5f254032a90114",
                  half = "12000a0a40000002afff9b5f2c4432a40314";

TEST(Av1, ReadsSequenceHeaders) {
  struct Case {
    std::string unit;
    Sequence expected;
    unsigned chroma;
  };
  for (const Case &one : {
           Case{usual, {.width = 320, .height = 180}, 1},
           Case{ten, {.level = 8, .bits = 10, .width = 1920, .height = 1080}, 1},
           Case{full, {.profile = 1, .chroma_x = 0, .chroma_y = 0, .width = 64, .height = 64}, 3},
           Case{grey, {.is_grey = true, .width = 64, .height = 64}, 0},
           Case{half, {.profile = 2, .bits = 12, .chroma_y = 0, .width = 64, .height = 64}, 2},
       }) {
    const auto unit = bytes(one.unit);
    const Bytes sequence = find_sequence(unit);
    ASSERT_FALSE(sequence.empty()) << one.unit;
    EXPECT_EQ(sequence.data(), unit.data() + 2);
    const auto read = read_sequence(sequence);
    ASSERT_TRUE(read) << one.unit;
    EXPECT_EQ(read->profile, one.expected.profile) << one.unit;
    EXPECT_EQ(read->level, one.expected.level) << one.unit;
    EXPECT_EQ(read->bits, one.expected.bits) << one.unit;
    EXPECT_EQ(read->width, one.expected.width) << one.unit;
    EXPECT_EQ(read->height, one.expected.height) << one.unit;
    EXPECT_EQ(read->chroma_format(), one.chroma) << one.unit;
  }
}

// The record of ffmpeg for the same encoder: profile 1, level 0.
TEST(Av1, WritesTheRecordThatFfmpegWrites) {
  const auto record = bytes("812000000a0d200000043cfeccdaf92021a004");
  const auto sequence = read_record(record);
  ASSERT_TRUE(sequence);
  EXPECT_EQ(sequence->size(), 15u);
  EXPECT_EQ(write_record(*sequence), record);
  EXPECT_EQ(write_record(find_sequence(bytes(usual))).size(), 4u + 13);
}

TEST(Av1, RefusesWhatIsCutShort) {
  const auto whole = bytes(usual);
  for (std::size_t size = 0; size < 15; ++size)
    EXPECT_TRUE(find_sequence(Bytes(whole).first(size)).empty()) << size;
  EXPECT_FALSE(read_sequence(bytes("0a0100")));
  EXPECT_FALSE(read_sequence(bytes("1200")));
  EXPECT_FALSE(read_sequence({}));
  EXPECT_TRUE(find_sequence(bytes("0affffffffffffffffffffff")).empty());
  EXPECT_TRUE(find_sequence(bytes("8a00")).empty());
  EXPECT_FALSE(read_record(bytes("000000")));
  EXPECT_FALSE(read_record(bytes("00000000")));
  EXPECT_TRUE(read_record(bytes("81000c00"))->empty());
  EXPECT_TRUE(write_record(bytes("1200")).empty());
}

}  // namespace
}  // namespace astral::formats::av1
