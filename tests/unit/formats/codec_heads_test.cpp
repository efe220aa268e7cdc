// SPDX-License-Identifier: BSD-3-Clause
// Headers as x264 and other encoders write them, and headers with impossible values.
#include "formats/codec_heads.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace astral::formats {
namespace {

std::vector<std::uint8_t> bytes_of(const std::string &hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// A parameter set as it stands in a picture: after an access unit delimiter, before the slices.
std::vector<std::uint8_t> picture(const std::string &set) {
  return bytes_of("0000000109f000000001" + set + "0000000168ce3c8000000165888400");
}

TEST(CodecHeads, ReadsTheParameterSetsOfX264) {
  struct Case {
    const char *set;
    unsigned width, height, frames, seconds;
  };
  for (const auto &[set, width, height, frames, seconds] :
       {Case{"6742c028da01e0089f97011000000300100000030320f1832a", 1920, 1080, 25, 1},
        Case{"6764001eace80b424d808800000300080000030190f8a155", 720, 576, 25, 1},  // interlaced
        Case{"67f4001e919680a02ff89c0440000003004000000f03c58ba8", 640, 360, 30, 1},
        Case{"6742c00dda05067e7c04400000fa40003a9803c50aa8", 320, 180, 30000, 1001},
        Case{"677a001fbcb406c1ef378088000003000800000303c478c195", 854, 480, 60, 1},
        Case{"6742c00ada0b13b0110000030001000003001e0f1226a0", 176, 144, 15, 1}}) {
    const auto facts = read_h264(picture(set));
    ASSERT_TRUE(facts) << set;
    EXPECT_EQ(facts->width, width) << set;
    EXPECT_EQ(facts->height, height) << set;
    EXPECT_EQ(facts->frames, frames) << set;
    EXPECT_EQ(facts->seconds, seconds) << set;
  }
}

class Bits {
 public:
  Bits &put(unsigned value, unsigned count) {
    for (; count > 0; --count) bits_ += (value >> (count - 1) & 1) != 0 ? '1' : '0';
    return *this;
  }
  Bits &exponential(unsigned value) {
    unsigned length = 1;
    while ((value + 1) >> length != 0) ++length;
    return put(0, length - 1).put(value + 1, length);
  }
  std::vector<std::uint8_t> set() const {
    std::vector<std::uint8_t> bytes = {0, 0, 1, 0x67};
    for (std::size_t i = 0; i < bits_.size(); i += 8)
      bytes.push_back(
          static_cast<std::uint8_t>(std::stoi((bits_.substr(i, 8) + "10000000").substr(0, 8), nullptr, 2)));
    bytes.insert(bytes.end(), {0x55, 0x55});
    return bytes;
  }

 private:
  std::string bits_;
};

Bits high_profile() {
  Bits bits;
  bits.put(100, 8).put(0, 8).put(30, 8).exponential(0);
  bits.exponential(1).exponential(0).exponential(0).put(0, 1);
  return bits;
}
Bits &put_size(Bits &bits, unsigned columns, unsigned rows) {
  return bits.exponential(1).put(0, 1).exponential(columns - 1).exponential(rows - 1).put(1, 1).put(1, 1);
}

// Of x264 with profile high444, high10 and high.
TEST(CodecHeads, ReadsChromaAndBits) {
  const auto yuv444 = read_h264(picture("67f4001e919680a02ff89c0440000003004000000f03c58ba8"));
  ASSERT_TRUE(yuv444);
  EXPECT_EQ(yuv444->chroma, 3u);
  EXPECT_EQ(yuv444->bits, 8u);
  const auto usual = read_h264(picture("6764001eace80b424d808800000300080000030190f8a155"));
  ASSERT_TRUE(usual);
  EXPECT_EQ(usual->chroma, VideoFacts::usual_chroma);
  EXPECT_EQ(usual->bits, VideoFacts::usual_bits);
  Bits ten;
  ten.put(110, 8).put(0, 8).put(30, 8).exponential(0);
  ten.exponential(1).exponential(2).exponential(2).put(0, 1).put(0, 1).exponential(0).exponential(0);
  const auto more = read_h264(put_size(ten.exponential(0), 40, 30).put(0, 1).put(0, 1).set());
  ASSERT_TRUE(more);
  EXPECT_EQ(more->chroma, 1u);
  EXPECT_EQ(more->bits, 10u);
  for (const auto &[chroma, bits] : {std::pair(4u, 0u), std::pair(1u, 7u)}) {
    Bits bad;
    bad.put(110, 8).put(0, 8).put(30, 8).exponential(0).exponential(chroma).exponential(bits).exponential(
        bits);
    EXPECT_FALSE(read_h264(put_size(bad.put(0, 1).put(0, 1), 40, 30).put(0, 1).put(0, 1).set()));
  }
}

TEST(CodecHeads, SkipsScalingListsAndPictureOrderCounts) {
  Bits bits = high_profile();
  bits.put(1, 1);                                // scaling lists
  bits.put(1, 1).put(0xffff, 16);                // a list without changes
  bits.put(1, 1).exponential(16);                // a list that ends at once
  bits.put(0, 6);                                // no other lists
  bits.exponential(0).exponential(1).put(0, 1);  // picture order count of type 1
  bits.exponential(0).exponential(0).exponential(2).exponential(5).exponential(6);
  put_size(bits, 40, 30).put(0, 1).put(0, 1);
  const auto facts = read_h264(bits.set());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->width, 640u);
  EXPECT_EQ(facts->height, 480u);
  EXPECT_EQ(facts->frames, 0u);
}

TEST(CodecHeads, RefusesImpossibleValues) {
  const std::string good = "6742c028da01e0089f97011000000300100000030320f1832a";
  EXPECT_FALSE(read_h264({}));
  EXPECT_FALSE(read_h264(bytes_of("00000001")));
  EXPECT_FALSE(read_h264(bytes_of("0000000165888400")));
  for (std::size_t length = 2; length < 16; length += 2)
    EXPECT_FALSE(read_h264(picture(good.substr(0, length))));
  Bits huge = high_profile();
  huge.put(0, 1).exponential(0).exponential(0).exponential(0);
  EXPECT_FALSE(read_h264(put_size(huge, 1u << 20, 30).put(0, 1).put(0, 1).set()));
  Bits cropped_away = high_profile();
  cropped_away.put(0, 1).exponential(0).exponential(0).exponential(0);
  put_size(cropped_away, 2, 2)
      .put(1, 1)
      .exponential(8)
      .exponential(8)
      .exponential(0)
      .exponential(0)
      .put(0, 1);
  EXPECT_FALSE(read_h264(cropped_away.set()));
  EXPECT_FALSE(read_h264(bytes_of("0000016764001e00000000000000000000000000000000")));
}

TEST(CodecHeads, ReadsAudioHeaders) {
  EXPECT_EQ(read_adts(bytes_of("fff14c80")), (AudioFacts{"aac", 48'000, 2}));
  EXPECT_EQ(read_adts(bytes_of("fff15040")), (AudioFacts{"aac", 44'100, 1}));
  EXPECT_EQ(read_adts(bytes_of("fff94dc0")), (AudioFacts{"aac", 48'000, 8}));
  EXPECT_FALSE(read_adts(bytes_of("fff17c80")));
  EXPECT_FALSE(read_adts(bytes_of("fffb9444")));
  EXPECT_FALSE(read_adts(bytes_of("fff1")));
  EXPECT_EQ(read_mpeg_audio(bytes_of("fffb9444")), (AudioFacts{"mp3", 48'000, 2}));
  EXPECT_EQ(read_mpeg_audio(bytes_of("fff344c4")), (AudioFacts{"mp3", 24'000, 1}));
  EXPECT_EQ(read_mpeg_audio(bytes_of("fffd9004")), (AudioFacts{"mp2", 44'100, 2}));
  EXPECT_FALSE(read_mpeg_audio(bytes_of("fffb9c44")));
  EXPECT_FALSE(read_mpeg_audio({}));
}

}  // namespace
}  // namespace astral::formats
