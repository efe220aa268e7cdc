// SPDX-License-Identifier: BSD-3-Clause
// AAC becomes Opus; on a machine without a needed element, that is an error with words.
#include "media/opus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace astral::media {
namespace {

TEST(Opus, SaysThatAnElementIsMissing) {
  const auto opus = Opus::open(
      g_main_context_default(), [](Time, const Slice &) {}, [](const Error &) {},
      "no-such-decoder ! identity");
  ASSERT_FALSE(opus);
  EXPECT_NE(opus.error().detail.find("missing"), std::string::npos) << opus.error().detail;
}

// The times of what goes in are those of what comes out, over a pause too.
TEST(Opus, KeepsTheTimes) {
  std::vector<Time> times;
  std::string failed;
  const auto opus = Opus::open(
      g_main_context_default(), [&](Time time, const Slice &) { times.push_back(time); },
      [&](const Error &error) { failed = error.detail; });
  ASSERT_TRUE(opus) << opus.error().detail;
  const formats::adts::Config config{.profile = 2, .rate = 3, .channels = 2};
  const std::vector<std::uint8_t> silence{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
  const Time frame = 1s * formats::adts::samples / 48'000;
  for (int i = 0; i < 100; ++i) (*opus)->push(5s + i * frame + (i < 50 ? 0s : 8s), config, silence);
  while (failed.empty() && (times.empty() || times.back() < 14s))
    g_main_context_iteration(g_main_context_default(), TRUE);
  EXPECT_EQ(failed, "");
  EXPECT_LT(times.front() - 5s, 100ms);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

}  // namespace
}  // namespace astral::media
