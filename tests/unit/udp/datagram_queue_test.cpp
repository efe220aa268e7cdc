// SPDX-License-Identifier: BSD-3-Clause
// What waits for a TCP connection, and what is dropped.
#include "udp/datagram_queue.hpp"

#include <gtest/gtest.h>

namespace astral::udp {
namespace {

TEST(DatagramQueue, GivesTheBytesInOrderWhereverTheyAreCut) {
  DatagramQueue queue;
  EXPECT_TRUE(queue.push("abc", 0ms));
  EXPECT_TRUE(queue.push("defg", 0ms));
  EXPECT_EQ(queue.front(), "abcdefg");
  queue.take(2);
  EXPECT_EQ(queue.front(), "cdefg");
  EXPECT_TRUE(queue.push("h", 0ms));
  queue.take(5);
  EXPECT_EQ(queue.front(), "h");
  EXPECT_FALSE(queue.empty());
  queue.take(1);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.front(), "");
}

TEST(DatagramQueue, DropsTheNewestWhenTheFirstHasWaitedTooLong) {
  DatagramQueue queue;
  EXPECT_TRUE(queue.push("a", 0ms));
  EXPECT_TRUE(queue.push("b", DatagramQueue::max_wait));
  EXPECT_FALSE(queue.push("c", DatagramQueue::max_wait + 1ms));
  queue.take(1);
  EXPECT_TRUE(queue.push("d", DatagramQueue::max_wait + 1ms));
  EXPECT_EQ(queue.front(), "bd");
}

TEST(DatagramQueue, TheRestOfACutDatagramStillWaits) {
  DatagramQueue queue;
  EXPECT_TRUE(queue.push("abc", 0ms));
  queue.take(2);
  EXPECT_FALSE(queue.push("d", DatagramQueue::max_wait + 1ms));
  EXPECT_EQ(queue.front(), "c");
}

TEST(DatagramQueue, HoldsABoundedNumberOfBytes) {
  DatagramQueue queue;
  const std::string frame(1000, 'x');
  std::size_t held = 0;
  while (queue.push(frame, 0ms)) held += frame.size();
  EXPECT_GT(held + frame.size(), DatagramQueue::max_bytes);
  EXPECT_LE(held, DatagramQueue::max_bytes);
  queue.take(frame.size());
  EXPECT_TRUE(queue.push(frame, 0ms));
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace astral::udp
