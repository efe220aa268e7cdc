// SPDX-License-Identifier: BSD-3-Clause
#include "quic/copies.hpp"

#include <gtest/gtest.h>

namespace astral::quic {
namespace {

constexpr Time start = 10s;
const std::vector<std::uint8_t> whole(1200, 1);

TEST(Copies, FollowAPacketThatMostlyRepeats) {
  EXPECT_FALSE(Copies::repeats(whole.size(), whole.size()));
  EXPECT_FALSE(Copies::repeats(whole.size(), whole.size() / 2 + 1));
  EXPECT_TRUE(Copies::repeats(whole.size(), whole.size() / 2));
  EXPECT_TRUE(Copies::repeats(Copies::least, 0));
  EXPECT_FALSE(Copies::repeats(Copies::least - 1, 0));  // an acknowledgement
}

TEST(Copies, AreSentALittleLater) {
  Copies copies;
  EXPECT_EQ(copies.due(), never);
  copies.repeated(whole, 0ms, start);
  copies.repeated(whole, 0ms, start + 1ms);
  EXPECT_EQ(copies.due(), start + Copies::apart);
  EXPECT_EQ(copies.take(), whole);
  EXPECT_EQ(copies.due(), start + 1ms + Copies::apart);
  EXPECT_EQ(copies.take(), whole);
  EXPECT_EQ(copies.due(), never);
}

TEST(Copies, DoNotLengthenALongQueue) {
  Copies copies;
  copies.repeated(whole, Copies::long_queue + 1ns, start);
  EXPECT_EQ(copies.due(), never);
  copies.repeated(whole, Copies::long_queue, start);
  EXPECT_NE(copies.due(), never);
}

TEST(Copies, AreASmallShareOfWhatIsSent) {
  Copies copies;
  std::size_t sent = 0, copied = 0;
  for (int i = 0; i < 10'000; ++i, sent += whole.size()) {
    copies.sent(whole.size());
    copies.repeated(whole, 0ms, start);
    for (; copies.due() != never; copied += whole.size()) EXPECT_EQ(copies.take(), whole);
  }
  EXPECT_GT(copied, sent / Copies::share);
  EXPECT_LE(copied, sent / Copies::share + Copies::most);
}

TEST(Copies, ThatWaitAreBounded) {
  Copies copies;
  for (int i = 0; i < 1000; ++i) copies.repeated(whole, 0ms, start);
  std::size_t waiting = 0;
  for (; copies.due() != never; waiting += whole.size()) EXPECT_EQ(copies.take(), whole);
  EXPECT_GT(waiting, Copies::most / 2);
  EXPECT_LE(waiting, Copies::most);
}

}  // namespace
}  // namespace astral::quic
