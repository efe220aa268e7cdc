// SPDX-License-Identifier: BSD-3-Clause
#include "formats/opus_packet.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace astral::formats::opus {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer with_head(const Buffer &packet) {
  Buffer out;
  put_head(out, packet.size());
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}

TEST(OpusPacket, SaysHowLongItLasts) {
  struct Case {
    Buffer packet;
    std::int64_t samples;
  };
  for (const Case &one : {
           Case{{0x08}, 960},            // SILK, 20 ms
           Case{{0x18}, 2880},           // SILK, 60 ms
           Case{{0x60}, 480},            // hybrid, 10 ms
           Case{{0x80}, 120},            // CELT, 2.5 ms
           Case{{0xfc, 1, 2}, 960},      // CELT, 20 ms, stereo
           Case{{0xfd, 1, 2}, 1920},     // two frames
           Case{{0xff, 0x83, 1}, 2880},  // three frames
           Case{{0xff, 0x06, 1}, 5760},  // 120 ms
           Case{{0xff, 0x07, 1}, 0},     // more is not allowed
           Case{{0x1a, 1}, 5760},        // two of 60 ms
           Case{{0xff, 0x80}, 0},        // no frame
           Case{{0xff}, 0},              // without their number
           Case{{}, 0},
       })
    EXPECT_EQ(samples_of(one.packet), one.samples);
}

TEST(OpusPacket, ReadsTheHeadsThatItWrites) {
  for (const std::size_t size : {1, 2, 254, 255, 256, 509, 510, 1275}) {
    Buffer packet(size, 1);
    packet[0] = 0xfc;
    const auto read = read_head(with_head(packet));
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->size - read->head, size);
    EXPECT_EQ(read->samples, 960);
  }
}

TEST(OpusPacket, SkipsWhatAHeadMayHave) {
  const auto head = read_head(Buffer{0x7f, 0xfc, 2, 1, 1, 2, 2, 3, 9, 9, 9, 0xfc, 7});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->head, 11u);
  EXPECT_EQ(head->size, 13u);
}

TEST(OpusPacket, RefusesWhatIsCutShort) {
  const Buffer whole = with_head(Buffer(300, 0xfc));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read_head(Bytes(whole).first(size)));
  EXPECT_TRUE(read_head(whole));
  EXPECT_FALSE(read_head(Buffer{0x7f, 0xe0, 0, 0xfc}));
  EXPECT_FALSE(read_head(Buffer{0x7f, 0xc0, 1, 0xfc}));
  EXPECT_FALSE(read_head(Buffer{0x7f, 0xe4, 1, 200, 0xfc}));
  EXPECT_FALSE(read_head(Buffer{0x7f, 0xfc, 1, 0}));
}

TEST(OpusPacket, WritesAnIdentificationHeader) {
  const Buffer id = write_id(1);
  EXPECT_EQ(id, (Buffer{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace astral::formats::opus
