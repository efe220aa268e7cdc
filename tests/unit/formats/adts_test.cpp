// SPDX-License-Identifier: BSD-3-Clause
// AAC's header and configuration.
#include "formats/adts.hpp"

#include <gtest/gtest.h>

namespace astral::formats::adts {
namespace {

TEST(Adts, EveryHeaderIsReadAsItWasWritten) {
  for (unsigned profile = 1; profile <= 4; ++profile)
    for (unsigned rate = 0; rate < 13; ++rate)
      for (unsigned channels = 0; channels <= 7; ++channels) {
        const Config config{profile, rate, channels};
        std::vector<std::uint8_t> out;
        put_head(out, config, 4321);
        const auto frame = read_head(out);
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame->config, config);
        EXPECT_EQ(frame->size, 4321 + head_size);
        EXPECT_EQ(read_config(write_config(config)), config);
      }
}

TEST(Adts, RefusesWhatItCannotCarry) {
  EXPECT_FALSE(read_config({}));
  EXPECT_FALSE(read_config(std::vector<std::uint8_t>{0x12}));
  EXPECT_FALSE(read_config(std::vector<std::uint8_t>{0xff, 0xff}));
  EXPECT_FALSE(read_config(std::vector<std::uint8_t>{0x17, 0x90}));  // a rate of its own
  EXPECT_EQ(read_config(std::vector<std::uint8_t>{0x2b, 0x92, 0x08, 0}), (Config{2, 7, 2}));  // HE-AAC
  EXPECT_FALSE(read_head(std::vector<std::uint8_t>{0xff, 0xf1, 0x4c, 0x80, 0, 0x1f, 0xfc}));  // no bytes
}

}  // namespace
}  // namespace astral::formats::adts
