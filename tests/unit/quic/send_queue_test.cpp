// SPDX-License-Identifier: BSD-3-Clause
// The send queue: its order, its counters, and when it releases data.
#include "quic/send_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::quic {
namespace {

Slice text(const std::string &words) {
  return Slice::copy(as_bytes(words));
}

std::string words(const SendQueue::Piece &piece) {
  std::string all;
  for (std::size_t i = 0; i < piece.count; ++i) all += as_text(piece.parts[i]);
  return all;
}

class Queue : public ::testing::Test {
 protected:
  std::string peek() { return queue_.next(piece_) ? std::to_string(piece_.id) + ":" + words(piece_) : "-"; }
  void write(std::size_t size) {
    ASSERT_TRUE(queue_.next(piece_));
    queue_.written(piece_, size);
  }
  SendQueue queue_;
  SendQueue::Piece piece_;
};

TEST_F(Queue, ServesByPriorityThenByAge) {
  queue_.open(6, 128);
  queue_.open(2, 128);
  queue_.open(0, 10);
  for (const std::uint64_t id : {2u, 6u, 0u}) queue_.push(id, text("x"), false);
  EXPECT_EQ(peek(), "0:x");
  write(1);
  EXPECT_EQ(peek(), "6:x");
  queue_.set_priority(2, 1);
  EXPECT_EQ(peek(), "2:x");
  queue_.block(2);
  EXPECT_EQ(peek(), "6:x");
  queue_.set_priority(2, 0);
  EXPECT_EQ(peek(), "6:x");
  queue_.unblock(2);
  EXPECT_EQ(peek(), "2:x");
}

TEST_F(Queue, TheBackgroundWaitsForItsWindow) {
  queue_.open(2, SendQueue::background);
  queue_.open(6, 128);
  queue_.push(2, text("past"), true);
  queue_.push(6, text("now"), true);
  EXPECT_EQ(queue_.background_backlog(), 4u);
  EXPECT_EQ(queue_.backlog(), 7u);
  EXPECT_EQ(peek(), "6:now");
  write(3);
  EXPECT_FALSE(queue_.next(piece_, 0));
  ASSERT_TRUE(queue_.next(piece_, 1));
  queue_.written(piece_, 2);
  EXPECT_FALSE(queue_.next(piece_, 2));
  EXPECT_TRUE(queue_.next(piece_, 3));
  queue_.acknowledge(2, 1);
  EXPECT_TRUE(queue_.next(piece_, 2));
  queue_.set_priority(2, 128);
  EXPECT_EQ(queue_.background_backlog(), 0u);
  EXPECT_EQ(queue_.in_flight(), 4u);
  EXPECT_TRUE(queue_.next(piece_, 0));
}

TEST_F(Queue, GathersSlicesAndResumesInsideASlice) {
  queue_.open(0, 1);
  for (const char *part : {"abc", "", "de", "f"}) queue_.push(0, text(part), false);
  EXPECT_EQ(peek(), "0:abcdef");
  EXPECT_FALSE(piece_.fin);
  write(4);
  EXPECT_EQ(peek(), "0:ef");
  queue_.push(0, {}, true);
  EXPECT_EQ(peek(), "0:ef");
  EXPECT_TRUE(piece_.fin);
  write(1);
  EXPECT_EQ(peek(), "0:f");
  write(1);
  EXPECT_EQ(peek(), "-");
  EXPECT_EQ(queue_.backlog(), 0u);
  EXPECT_EQ(queue_.in_flight(), 6u);
  EXPECT_FALSE(queue_.push(0, text("more"), false));
}

TEST_F(Queue, AFinWithoutDataIsWrittenOnce) {
  queue_.open(0, 1);
  EXPECT_EQ(peek(), "-");
  queue_.push(0, {}, true);
  EXPECT_EQ(peek(), "0:");
  EXPECT_TRUE(piece_.fin);
  write(0);
  EXPECT_EQ(peek(), "-");
}

TEST_F(Queue, SetsFinOnlyOnTheLastOfManySlices) {
  queue_.open(0, 1);
  for (std::size_t i = 0; i <= SendQueue::max_parts; ++i) queue_.push(0, text("x"), i == SendQueue::max_parts);
  ASSERT_TRUE(queue_.next(piece_));
  EXPECT_EQ(piece_.count, SendQueue::max_parts);
  EXPECT_FALSE(piece_.fin);
  write(SendQueue::max_parts);
  ASSERT_TRUE(queue_.next(piece_));
  EXPECT_EQ(piece_.size, 1u);
  EXPECT_TRUE(piece_.fin);
}

TEST_F(Queue, ReleasesAcknowledgedSlices) {
  queue_.open(0, 1);
  Slice first = text("abc"), second = text("def");
  const std::weak_ptr<const void> one = first.owner(), two = second.owner();
  queue_.push(0, std::move(first), false);
  queue_.push(0, std::move(second), true);
  write(5);
  queue_.acknowledge(0, 2);
  EXPECT_FALSE(one.expired());
  queue_.acknowledge(0, 4);
  EXPECT_TRUE(one.expired());
  queue_.acknowledge(0, 3);  // an old acknowledgement changes nothing
  EXPECT_EQ(queue_.in_flight(), 1u);
  EXPECT_EQ(peek(), "0:f");
  write(1);
  queue_.acknowledge(0, 6);
  EXPECT_TRUE(two.expired());
  EXPECT_EQ(queue_.in_flight(), 0u);
}

TEST_F(Queue, AResetStreamKeepsOnlyWhatWasSent) {
  queue_.open(0, 1);
  queue_.push(0, text("abc"), false);
  queue_.push(0, text("def"), false);
  write(2);
  EXPECT_TRUE(queue_.end(0));
  EXPECT_FALSE(queue_.end(0));
  EXPECT_EQ(peek(), "-");
  EXPECT_EQ(queue_.backlog(), 0u);
  EXPECT_EQ(queue_.in_flight(), 2u);
  queue_.acknowledge(0, 2);
  EXPECT_EQ(queue_.in_flight(), 0u);
  queue_.close(0);
  EXPECT_FALSE(queue_.push(0, text("x"), false));
  EXPECT_TRUE(queue_.ended(0));
}

TEST_F(Queue, ClosingAStreamSubtractsItsBytes) {
  queue_.open(0, 1);
  queue_.open(4, 1);
  queue_.push(0, text("abcdef"), false);
  queue_.push(4, text("gh"), false);
  write(3);
  EXPECT_EQ(queue_.backlog(0), 3u);
  queue_.close(0);
  EXPECT_EQ(queue_.backlog(), 2u);
  EXPECT_EQ(queue_.in_flight(), 0u);
  EXPECT_EQ(peek(), "4:gh");
}

}  // namespace
}  // namespace astral::quic
