// SPDX-License-Identifier: BSD-3-Clause
// AAC and MP3 become Opus; on a machine without a needed element, that is an error with words.
#include "media/opus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/adts.hpp"

namespace astral::media {
namespace {

TEST(Opus, SaysThatAnElementIsMissing) {
  const auto opus = Opus::open(
      g_main_context_default(), Opus::From::aac, [](Time, const Slice &) {}, [](const Error &) {},
      "no-such-decoder");
  ASSERT_FALSE(opus);
  EXPECT_NE(opus.error().detail.find("missing"), std::string::npos) << opus.error().detail;
}

struct Kind {
  Opus::From from;
  std::vector<std::uint8_t> silence;
  Time frame;
};
std::vector<std::uint8_t> mp3_silence() {  // 32 kbit/s, mono, 48 kHz: empty side information
  std::vector<std::uint8_t> frame(96);
  frame[0] = 0xff, frame[1] = 0xfb, frame[2] = 0x14, frame[3] = 0xc4;
  return frame;
}

// The times of what goes in are those of what comes out, over a pause too.
class OpusFrom : public testing::TestWithParam<Kind> {};
TEST_P(OpusFrom, KeepsTheTimes) {
  const auto &[from, silence, frame] = GetParam();
  std::vector<Time> times;
  std::string failed;
  const auto opus = Opus::open(
      g_main_context_default(), from, [&](Time time, const Slice &) { times.push_back(time); },
      [&](const Error &error) { failed = error.detail; });
  ASSERT_TRUE(opus) << opus.error().detail;
  for (int i = 0; i < 100; ++i) (*opus)->push(5s + i * frame + (i < 50 ? 0s : 8s), silence);
  while (failed.empty() && (times.empty() || times.back() < 14s))
    g_main_context_iteration(g_main_context_default(), TRUE);
  EXPECT_EQ(failed, "");
  EXPECT_LT(times.front() - 5s, 100ms);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}
INSTANTIATE_TEST_SUITE_P(Opus, OpusFrom,
                         testing::Values(Kind{Opus::From::aac,
                                              {0xff, 0xf1, 0x4c, 0x80, 0x01, 0xbf, 0xfc, 0x21, 0x10, 0x04,
                                               0x60, 0x8c, 0x1c},
                                              1s * formats::adts::samples / 48'000},
                                         Kind{Opus::From::mpeg_audio, mp3_silence(), 1s * 1152 / 48'000}));

}  // namespace
}  // namespace astral::media
