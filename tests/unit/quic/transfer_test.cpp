// SPDX-License-Identifier: BSD-3-Clause
// Transfers megabytes in both directions over links of every kind: every byte arrives once, in its place.
#include "pair.hpp"

namespace astral::quic {
namespace {

constexpr std::size_t stream_size = 40'000;

// Sends `streams` streams of stream_size bytes from `from`, as fast as stream credit allows.
class Sender {
 public:
  Sender(World &world, End &from, std::size_t streams) : world_(world), from_(from), left_(streams) {
    from_.when_credit = [this] { more(); };
    more();
    from_->flush(world_.now);
  }
  void more() {
    while (left_ > 0) {
      const auto id = from_->open_stream(false);
      if (!id) return;
      --left_;
      from_->send(*id, Slice::copy(pattern(*id, stream_size)), true);
    }
  }

 private:
  World &world_;
  End &from_;
  std::size_t left_;
};

void expect_intact(const End &end, std::size_t streams) {
  ASSERT_EQ(end.received.size(), streams);
  for (const auto &[id, bytes] : end.received) ASSERT_TRUE(bytes == pattern(id, stream_size)) << id;
}

void transfer(World &world, std::size_t streams, Time limit = 120s) {
  Sender up(world, world.client, streams), down(world, world.server, streams);
  ASSERT_TRUE(world.run(
      [&] { return world.client.finished.size() == streams && world.server.finished.size() == streams; },
      limit))
      << world.client.bytes << " " << world.server.bytes;
  expect_intact(world.client, streams);
  expect_intact(world.server, streams);
  EXPECT_FALSE(world.client.closed);
  EXPECT_FALSE(world.server.closed);
}

TEST(Transfer, OverAPerfectLink) {
  World world;
  ASSERT_TRUE(world.establish());
  transfer(world, 300);  // 12 MB each way
  EXPECT_EQ(world.client->stats().packets_lost, 0u);
  EXPECT_GE(world.client->stats().rtt, 20ms);
  EXPECT_LT(world.client->stats().rtt, 60ms);
  EXPECT_GT(world.client.largest, 1400u);  // path MTU discovery has raised the size
  EXPECT_LE(world.client.largest, 1452u);
  EXPECT_LT(world.client->stats().bursts * 5, world.client->stats().datagrams_sent);
}

TEST(Transfer, OverAPathWithASmallMtu) {
  World world;
  world.client.out.mtu = world.server.out.mtu = 1252;
  ASSERT_TRUE(world.establish());
  transfer(world, 50);
}

TEST(Transfer, ThroughLossReorderingAndDuplication) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(seed);
    for (End *end : {&world.client, &world.server}) {
      end->out.loss = 0.05;
      end->out.reorder = 0.05;
      end->out.duplicate = 0.05;
    }
    ASSERT_TRUE(world.establish());
    transfer(world, 50);
    EXPECT_GT(world.client->stats().packets_lost, 0u);
  }
}

TEST(Transfer, ThroughCorruptionAndTruncation) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(seed);
    ASSERT_TRUE(world.establish());
    for (End *end : {&world.client, &world.server}) end->out.corrupt = 0.1;
    transfer(world, 25);
  }
}

TEST(Transfer, WhileStrangersSendGarbage) {
  World world;
  ASSERT_TRUE(world.establish());
  const auto first = world.client.established;
  for (int i = 0; i < 3000; ++i) {
    for (End *end : {&world.client, &world.server}) {
      auto noise = world.noise(world.pick(1600));
      if (!noise.empty() && i % 2) noise[0] |= 0x40;
      world.deliver(*end, std::move(noise), world.now + std::chrono::microseconds(i * 300));
    }
  }
  transfer(world, 50);
  EXPECT_EQ(world.client.established, first);
}

TEST(Transfer, ThroughANarrowBottleneck) {
  World world;
  for (End *end : {&world.client, &world.server}) end->out.rate_bps = 4'000'000;
  ASSERT_TRUE(world.establish());
  const Time begin = world.now;
  transfer(world, 50);  // 2 MB each way: at least 4 s
  EXPECT_LT(world.now - begin, 8s);
}

// Live video over a long path: the flow control windows must exceed the 1.25 MB in flight.
TEST(Transfer, FillsFiftyMegabitsOverTwoHundredMilliseconds) {
  World world;
  world.client.keep = false;
  world.server.out.rate_bps = 50'000'000;
  world.server.out.max_queue = 300ms;
  world.server.out.delay = world.client.out.delay = 100ms;
  ASSERT_TRUE(world.establish());
  const auto id = world.server->open_stream(false);
  world.server->send(*id, Slice::copy(pattern(1, 60'000'000)), true);
  world.server->flush(world.now);
  world.pass(3s);  // time for congestion control to find the rate
  const std::uint64_t before = world.client.bytes;
  world.pass(5s);
  const double rate = static_cast<double>(world.client.bytes - before) * 8 / 5;
  EXPECT_GT(rate, 38e6);
}

}  // namespace
}  // namespace astral::quic
