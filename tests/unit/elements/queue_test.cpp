// SPDX-License-Identifier: BSD-3-Clause
#include "elements/queue.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace astral::elements {
namespace {

TEST(Queue, IsBoundedButAcceptsAnyItemWhenEmpty) {
  Queue<int> queue(10);
  int one = 1, two = 2, three = 3;
  EXPECT_TRUE(queue.try_push(one, 100));
  EXPECT_FALSE(queue.try_push(two, 1));
  bool wanted = false;
  EXPECT_EQ(queue.pop(wanted), 1);
  EXPECT_TRUE(wanted);
  EXPECT_TRUE(queue.try_push(two, 6));
  EXPECT_TRUE(queue.try_push(three, 4));
  EXPECT_EQ(queue.pop(wanted), 2);
  EXPECT_FALSE(wanted);
}

TEST(Queue, FlushingWakesBothSides) {
  Queue<int> queue(1);
  EXPECT_TRUE(queue.push(1, 1));
  std::thread pusher([&] { EXPECT_FALSE(queue.push(2, 1)); });
  Queue<int> empty(1);
  std::thread popper([&] {
    bool wanted = false;
    EXPECT_FALSE(empty.pop(wanted).has_value());
  });
  queue.set_flushing(true);
  empty.set_flushing(true);
  pusher.join();
  popper.join();
  queue.set_flushing(false);
  EXPECT_EQ(queue.try_pop(), 1);
}

TEST(Queue, CarriesEverythingInOrder) {
  Queue<int> queue(7);
  std::thread pusher([&] {
    for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(queue.push(i, 1 + static_cast<std::size_t>(i) % 5));
  });
  bool wanted = false;
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(queue.pop(wanted), i);
  pusher.join();
}

}  // namespace
}  // namespace astral::elements
