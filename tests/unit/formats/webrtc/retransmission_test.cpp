// SPDX-License-Identifier: BSD-3-Clause
#include "formats/webrtc/retransmission.hpp"

#include <gtest/gtest.h>

namespace astral::webrtc {
namespace {

unsigned allowed(RetransmissionLimit &limit, Time now, unsigned requests) {
  unsigned count = 0;
  for (unsigned i = 0; i < requests; ++i) count += limit.allow(now) ? 1 : 0;
  return count;
}

TEST(RetransmissionLimit, AllowsAllThatIsKeptAndThenARate) {
  RetransmissionLimit limit;
  const Time start = 5s;
  EXPECT_EQ(allowed(limit, start, 100'000), max_kept_packets);
  EXPECT_EQ(allowed(limit, start + 100ms, 100'000), max_retransmissions / 10);
  EXPECT_EQ(allowed(limit, start + 100ms, 100'000), 0u);
  EXPECT_EQ(allowed(limit, start + 1100ms, 100'000), max_retransmissions);
}

TEST(RetransmissionLimit, AHonestViewerGetsAllThatItRequests) {
  RetransmissionLimit limit;
  for (Time at = 5s; at < 65s; at += 10ms) EXPECT_EQ(allowed(limit, at, 9), 9u);
  EXPECT_EQ(allowed(limit, 65s, 2000), 2000u);
}

TEST(RetransmissionLimit, ALongSilenceEarnsNoMoreThanWhatIsKept) {
  RetransmissionLimit limit;
  EXPECT_EQ(allowed(limit, 5s, 1), 1u);
  EXPECT_EQ(allowed(limit, 5000s, 100'000), max_kept_packets);
}

}  // namespace
}  // namespace astral::webrtc
