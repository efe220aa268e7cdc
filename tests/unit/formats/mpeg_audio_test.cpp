// SPDX-License-Identifier: BSD-3-Clause
// Frames as LAME and other encoders begin them.
#include "formats/mpeg_audio.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace astral::formats::mpeg_audio {
namespace {

using Head = std::array<std::uint8_t, 4>;

TEST(MpegAudio, ReadsHeads) {
  struct Case {
    Head head;
    unsigned layer;
    std::uint32_t rate;
    unsigned channels;
    std::int64_t samples;
    std::size_t size;
  };
  for (const Case &one : {Case{{0xff, 0xfb, 0x90, 0x64}, 3, 44'100, 2, 1152, 417},    // 128 kbit/s
                          Case{{0xff, 0xfb, 0x92, 0x64}, 3, 44'100, 2, 1152, 418},    // padded
                          Case{{0xff, 0xfb, 0x94, 0x44}, 3, 48'000, 2, 1152, 384},    // 128 kbit/s
                          Case{{0xff, 0xfb, 0xe8, 0xc4}, 3, 32'000, 1, 1152, 1440},   // 320 kbit/s
                          Case{{0xff, 0xf3, 0x84, 0xc4}, 3, 24'000, 1, 576, 192},     // 64 kbit/s
                          Case{{0xff, 0xe3, 0xe8, 0xc4}, 3, 8'000, 1, 576, 1440},     // 160 kbit/s
                          Case{{0xff, 0xfd, 0xc4, 0x04}, 2, 48'000, 2, 1152, 768},    // 256 kbit/s
                          Case{{0xff, 0xff, 0xc4, 0x04}, 1, 48'000, 2, 384, 384}}) {  // 384 kbit/s
    const auto frame = read_head(one.head);
    ASSERT_TRUE(frame) << one.size;
    EXPECT_EQ(frame->layer, one.layer);
    EXPECT_EQ(frame->rate, one.rate);
    EXPECT_EQ(frame->channels, one.channels);
    EXPECT_EQ(frame->samples, one.samples);
    EXPECT_EQ(frame->size, one.size);
  }
}

TEST(MpegAudio, RefusesWhatIsNoFrame) {
  EXPECT_FALSE(read_head({}));
  for (const Head &head : {Head{0xff, 0xf1, 0x90, 0x64},  // ADTS: layer 0
                           Head{0xff, 0xeb, 0x90, 0x64},  // the reserved version
                           Head{0xff, 0xfb, 0x9c, 0x64},  // the reserved sampling rate
                           Head{0xff, 0xfb, 0x00, 0x64},  // free bit rate
                           Head{0xff, 0xfb, 0xf0, 0x64},  // the forbidden bit rate
                           Head{0xfe, 0xfb, 0x90, 0x64}})
    EXPECT_FALSE(read_head(head));
  EXPECT_FALSE(read_head(Bytes(Head{0xff, 0xfb, 0x90, 0x64}).first(3)));
}

// No frame is empty or larger than it may be.
TEST(MpegAudio, BoundsEverySize) {
  for (unsigned b = 0; b < 0x20; ++b)
    for (unsigned c = 0; c < 0x100; ++c)
      if (const auto frame =
              read_head(Head{0xff, static_cast<std::uint8_t>(0xe0 | b), static_cast<std::uint8_t>(c), 0})) {
        EXPECT_GT(frame->size, head_size);
        EXPECT_LE(frame->size, largest);
      }
}

}  // namespace
}  // namespace astral::formats::mpeg_audio
