// SPDX-License-Identifier: BSD-3-Clause
// Single streams: both directions, resets, stop sending, stream credit, priorities, limits.
#include "pair.hpp"

namespace astral::quic {
namespace {

std::string text(const End &end, StreamId id) {
  const auto found = end.received.find(id);
  return found == end.received.end() ? "" : std::string(found->second.begin(), found->second.end());
}

class Streams : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(world_.establish()); }
  StreamId open(End &end, bool bidirectional) {
    const auto id = end->open_stream(bidirectional);
    EXPECT_TRUE(id) << id.error().detail;
    return id.value_or(~0ull);
  }
  void say(End &end, StreamId id, std::string_view words, bool fin = false) {
    end->send(id, Slice::copy(as_bytes(words)), fin);
    end->flush(world_.now);
  }
  World world_;
  End &client_ = world_.client;
  End &server_ = world_.server;
};

TEST_F(Streams, CarryARequestAndItsAnswer) {
  const StreamId id = open(client_, true);
  EXPECT_FALSE(opened_by_server(id));
  EXPECT_FALSE(is_unidirectional(id));
  say(client_, id, "hello", true);
  ASSERT_TRUE(world_.run([&] { return server_.finished.contains(id); }, 1s));
  EXPECT_EQ(text(server_, id), "hello");
  say(server_, id, "good day", true);
  ASSERT_TRUE(world_.run([&] { return client_.finished.contains(id); }, 1s));
  EXPECT_EQ(text(client_, id), "good day");
}

TEST_F(Streams, BothEndsCanSendUnidirectionally) {
  const StreamId a = open(client_, false), b = open(server_, false);
  EXPECT_TRUE(is_unidirectional(a) && is_unidirectional(b) && opened_by_server(b));
  say(client_, a, "one");
  say(server_, b, "two");
  say(client_, a, "", true);
  say(server_, b, "", true);
  ASSERT_TRUE(world_.run([&] { return server_.finished.contains(a) && client_.finished.contains(b); }, 1s));
  EXPECT_EQ(text(server_, a), "one");
  EXPECT_EQ(text(client_, b), "two");
}

TEST_F(Streams, AHandlerCanSendAnAnswer) {
  server_.when_data = [&](StreamId id, Bytes data, bool fin) { server_->send(id, Slice::copy(data), fin); };
  const StreamId id = open(client_, true);
  say(client_, id, "echo", true);
  ASSERT_TRUE(world_.run([&] { return client_.finished.contains(id); }, 1s));
  EXPECT_EQ(text(client_, id), "echo");
}

TEST_F(Streams, AResetDropsUnsentData) {
  const StreamId id = open(server_, false);
  server_.out.blocked = true;
  server_->send(id, Slice::copy(pattern(1, 5'000'000)), false);
  server_->flush(world_.now);
  EXPECT_GT(server_->backlog(), 4'000'000u);
  server_->reset(id, 42);
  EXPECT_EQ(server_->backlog(), 0u);
  server_->reset(id, 43);  // only the first code is sent
  say(server_, id, "too late");
  server_.out.blocked = false;
  ASSERT_TRUE(world_.run([&] { return client_.resets.contains(id); }, 5s));
  EXPECT_EQ(client_.resets.at(id), 42u);
  EXPECT_TRUE(world_.run([&] { return server_->in_flight() == 0; }, 5s));
  EXPECT_TRUE(server_.stops.empty());
  EXPECT_FALSE(client_.finished.contains(id));
}

TEST_F(Streams, AResetWithoutDataReachesThePeer) {
  const StreamId id = open(server_, false);
  server_->reset(id, 7);
  server_->flush(world_.now);
  ASSERT_TRUE(world_.run([&] { return client_.resets.contains(id); }, 1s));
}

TEST_F(Streams, AResetAfterFinIsReportedAsEitherFinOrReset) {
  const StreamId id = open(server_, false);
  say(server_, id, "all of it", true);
  server_->reset(id, 7);
  server_->flush(world_.now);
  world_.pass(1s);
  EXPECT_TRUE(client_.finished.contains(id) != client_.resets.contains(id));
}

TEST_F(Streams, StopSendingEndsAUnidirectionalStream) {
  const StreamId id = open(server_, false);
  say(server_, id, "first words");
  ASSERT_TRUE(world_.run([&] { return client_.bytes > 0; }, 1s));
  client_->stop_sending(id, 99);
  client_->flush(world_.now);
  server_->send(id, Slice::copy(pattern(1, 100'000)), false);
  ASSERT_TRUE(world_.run([&] { return server_.stops.contains(id); }, 1s));
  EXPECT_EQ(server_.stops.at(id), 99u);
  EXPECT_EQ(server_->backlog(), 0u);
  EXPECT_EQ(text(client_, id), "first words");
  world_.pass(1s);
  EXPECT_TRUE(client_.resets.empty());  // nothing of the stream is delivered after stop_sending()
}

TEST_F(Streams, StopSendingEndsOneDirectionOfABidirectionalStream) {
  const StreamId id = open(client_, true);
  say(client_, id, "tell me everything");
  ASSERT_TRUE(world_.run([&] { return server_.bytes > 0; }, 1s));
  client_->stop_sending(id, 5);
  client_->flush(world_.now);
  world_.pass(100ms);
  say(server_, id, "well");
  ASSERT_TRUE(world_.run([&] { return server_.stops.contains(id); }, 1s));
  say(client_, id, " and nothing", true);
  ASSERT_TRUE(world_.run([&] { return server_.finished.contains(id); }, 1s));
  EXPECT_EQ(text(server_, id), "tell me everything and nothing");
}

TEST_F(Streams, AHandlerCanCallStopSending) {
  client_.when_data = [&](StreamId id, Bytes, bool) { client_->stop_sending(id, 1); };
  const StreamId id = open(server_, false);
  server_->send(id, Slice::copy(pattern(1, 3'000'000)), true);
  server_->flush(world_.now);
  ASSERT_TRUE(world_.run([&] { return server_.stops.contains(id); }, 5s));
  EXPECT_LT(client_.bytes, 1500u);
  EXPECT_EQ(server_->backlog(), 0u);
}

TEST_F(Streams, CallsOnUnknownStreamsAreIgnored) {
  client_->send(400, Slice::copy(as_bytes("x")), false);
  client_->reset(400, 1);
  client_->stop_sending(400, 1);
  client_->set_priority(400, 1);
  EXPECT_EQ(client_->backlog(), 0u);
  EXPECT_EQ(client_->backlog(400), 0u);
  world_.pass(1s);
  EXPECT_FALSE(client_.closed);
}

TEST_F(Streams, ThePeerReturnsCreditWhenStreamsEnd) {
  std::vector<StreamId> opened;
  while (const auto id = client_->open_stream(true)) opened.push_back(*id);
  EXPECT_EQ(opened.size(), Connection::max_bidirectional);
  EXPECT_EQ(client_->open_stream(true).error().code, Code::no_room);
  EXPECT_TRUE(client_->open_stream(false));  // unidirectional streams have their own credit
  for (const StreamId id : opened) client_->send(id, Slice::copy(as_bytes("?")), true);
  client_->flush(world_.now);
  ASSERT_TRUE(world_.run([&] { return server_.finished.size() == opened.size(); }, 1s));
  EXPECT_EQ(client_.credits, 0);
  for (const StreamId id : opened) server_->send(id, {}, true);
  server_->flush(world_.now);
  ASSERT_TRUE(world_.run([&] { return client_.credits > 0; }, 1s));
  EXPECT_TRUE(client_->open_stream(true));
}

TEST_F(Streams, TenThousandUnidirectionalStreamsFitOneConnection) {
  constexpr std::uint64_t count = 10'000;
  server_.keep = client_.keep = false;
  std::uint64_t opened = 0;
  const auto open_some = [&] {
    while (opened < count) {
      const auto id = server_->open_stream(false);
      if (!id) {
        EXPECT_EQ(id.error().code, Code::no_room);
        break;
      }
      const bool by_reset = ++opened % 3 == 0, by_stop = opened % 3 == 1;
      server_->send(*id, Slice::copy(pattern(*id, 300)), !by_reset && !by_stop);
      if (by_reset) server_->reset(*id, 1);
    }
  };
  client_.when_data = [&](StreamId id, Bytes, bool fin) {
    if (!fin) client_->stop_sending(id, 3);
  };
  server_.when_credit = open_some;
  open_some();
  server_->flush(world_.now);
  ASSERT_TRUE(world_.run(
      [&] { return opened == count && server_->backlog() == 0 && server_->in_flight() == 0; }, 120s));
  EXPECT_GT(client_.finished.size(), count / 4);
  EXPECT_GT(client_.resets.size(), count / 4);
  EXPECT_GT(server_.stops.size(), count / 4);
  EXPECT_LE(client_->stats().kept_streams, count);
  EXPECT_FALSE(client_.closed);
}

TEST_F(Streams, AStreamOfLowerPriorityNumberIsSentFirst) {
  server_.out.rate_bps = 8'000'000;
  const StreamId bulk = open(server_, false);
  server_->send(bulk, Slice::copy(pattern(1, 2'000'000)), true);
  server_->flush(world_.now);
  world_.pass(200ms);
  const StreamId urgent = open(server_, false);
  server_->set_priority(urgent, 0);
  say(server_, urgent, "now", true);
  ASSERT_TRUE(world_.run([&] { return client_.finished.contains(urgent); }, 1s));
  EXPECT_FALSE(client_.finished.contains(bulk));
  ASSERT_TRUE(world_.run([&] { return client_.finished.contains(bulk); }, 20s));
  EXPECT_EQ(client_.received.at(bulk), pattern(1, 2'000'000));
}

TEST_F(Streams, OfEqualPriorityTheOlderStreamIsSentFirst) {
  server_.out.rate_bps = 8'000'000;
  server_.out.max_queue = 10s;
  std::vector<StreamId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(open(server_, false));
  for (auto id = ids.rbegin(); id != ids.rend(); ++id)
    server_->send(*id, Slice::copy(pattern(*id, 100'000)), true);
  server_->flush(world_.now);
  std::vector<StreamId> order;
  client_.when_data = [&](StreamId id, Bytes, bool fin) {
    if (fin) order.push_back(id);
  };
  ASSERT_TRUE(world_.run([&] { return order.size() == ids.size(); }, 10s));
  EXPECT_EQ(order, ids);
}

TEST_F(Streams, ABlockedPathBoundsTheBytesInFlight) {
  server_.out.blocked = true;
  const StreamId id = open(server_, false);
  std::size_t offered = 0;
  while (server_->backlog() < 4'000'000) {  // as callers do: check the backlog, then send
    server_->send(id, Slice::copy(pattern(offered, 100'000)), false);
    offered += 100'000;
    server_->flush(world_.now);
  }
  world_.pass(2s);
  EXPECT_LT(offered, 5'000'000u);
  EXPECT_LT(server_->in_flight(), 1'000'000u);
  server_.out.blocked = false;
  ASSERT_TRUE(world_.run([&] { return client_.bytes == offered; }, 30s));
}

TEST_F(Streams, APeerOwesAnAnswerFromTheFirstByteOnThatItDoesNotAcknowledge) {
  world_.pass(1s);
  EXPECT_EQ(server_->unanswered_since(), never);  // nothing is in flight
  client_.out.cut = true;
  const Time begin = world_.now;
  const StreamId id = open(server_, false);
  say(server_, id, "one");
  world_.pass(300ms);
  say(server_, id, "two");
  EXPECT_EQ(server_->unanswered_since(), begin);
  client_.out.cut = false;
  ASSERT_TRUE(world_.run([&] { return server_->in_flight() == 0; }, 5s));
  EXPECT_EQ(server_->unanswered_since(), never);
}

TEST_F(Streams, BytesAreReferencedUntilTheyAreAcknowledged) {
  const StreamId id = open(server_, false);
  Slice slice = Slice::copy(pattern(1, 1000));
  const std::weak_ptr<const void> alive = slice.owner();
  server_->send(id, std::move(slice), true);
  server_->flush(world_.now);
  EXPECT_FALSE(alive.expired());
  EXPECT_EQ(server_->in_flight(), 1000u);
  ASSERT_TRUE(world_.run([&] { return server_->in_flight() == 0; }, 1s));
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace astral::quic
