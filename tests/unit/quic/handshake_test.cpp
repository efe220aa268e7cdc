// SPDX-License-Identifier: BSD-3-Clause
// Which peers get a connection, and what each end learns when a connection closes.
#include "pair.hpp"

namespace astral::quic {
namespace {

std::string other_fingerprint() {
  return Key::generate()->fingerprint();
}

TEST(Handshake, EstablishesInTwoRoundTrips) {
  World world;
  ASSERT_TRUE(world.establish());
  EXPECT_TRUE(world.client->established());
  EXPECT_TRUE(world.server->established());
  EXPECT_LE(world.now - 1s, 4 * 10ms + 1ms);
}

// A socket that many connections share finds the connection of a packet by its destination connection ID.
TEST(Handshake, EveryPacketNamesItsConnection) {
  World world;
  Config client = World::client_config(), server = World::server_config();
  client.id_prefix = {1, 2, 3, 4};
  client.first_id = std::vector<std::uint8_t>(16, 9);
  server.id_prefix = {5, 6, 7, 8};
  using Id = std::vector<std::uint8_t>;
  const auto id_of = [](Bytes packet) {
    const Bytes id = packet[0] & 0x80 ? packet.subspan(6, packet[5]) : packet.subspan(1, 8);
    return Id(id.begin(), id.end());
  };
  std::size_t first = 0, later = 0;
  world.client.when_sent = [&](Bytes packet) {
    const Id id = id_of(packet);
    if (id == client.first_id) return void(++first);
    EXPECT_EQ(id.size(), 8u);
    EXPECT_EQ(Id(id.begin(), id.begin() + 4), server.id_prefix);
    ++later;
  };
  world.server.when_sent = [&](Bytes packet) {
    const Id id = id_of(packet);
    EXPECT_EQ(id.size(), 8u);
    EXPECT_EQ(Id(id.begin(), id.begin() + 4), client.id_prefix);
  };
  ASSERT_TRUE(world.establish(client, server));
  world.client->send(world.client->open_stream(false).value(), Slice::copy(pattern(1, 100'000)), true);
  world.client->flush(world.now);
  ASSERT_TRUE(world.run([&] { return world.server.bytes == 100'000; }));
  world.pass(10s);
  EXPECT_GE(first, 1u);
  EXPECT_GT(later, 70u);
}

TEST(Handshake, RefusesIdsThatQuicDoesNotAllow) {
  World world;
  for (const std::size_t size : {7u, 21u}) {
    Config config = World::client_config();
    config.first_id.resize(size);
    EXPECT_FALSE(Connection::open(config, world.client, world.client, world.now)) << size;
  }
  Config config = World::server_config();
  config.id_prefix.resize(max_id_prefix + 1);
  EXPECT_FALSE(Connection::open(config, world.server, world.server, world.now));
}

TEST(Handshake, RefusesAServerWithAnotherKey) {
  World world;
  auto config = World::client_config();
  config.peer_fingerprint = other_fingerprint();
  world.open(config);
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }));
  for (const End *end : {&world.client, &world.server}) {
    EXPECT_EQ(end->closed->kind, CloseReason::Kind::handshake);
    EXPECT_EQ(end->closed->error.code, Code::refused);
    EXPECT_NE(end->closed->error.detail.find("fingerprint"), std::string::npos) << end->closed->error.detail;
    EXPECT_EQ(end->established, 0);
    EXPECT_EQ(end->bytes, 0u);
  }
  EXPECT_FALSE(world.client.closed->by_peer);
  EXPECT_TRUE(world.server.closed->by_peer);
}

TEST(Handshake, RefusesAClientWithAnotherKey) {
  World world;
  auto config = World::server_config();
  config.peer_fingerprint = other_fingerprint();
  world.open(World::client_config(), config);
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }));
  for (const End *end : {&world.client, &world.server}) {
    EXPECT_EQ(end->closed->kind, CloseReason::Kind::handshake);
    EXPECT_EQ(end->closed->error.code, Code::refused);
    EXPECT_NE(end->closed->error.detail.find("fingerprint"), std::string::npos) << end->closed->error.detail;
    EXPECT_EQ(end->established, 0);
  }
  EXPECT_TRUE(world.client.closed->by_peer);
}

TEST(Handshake, RefusesAnotherProtocol) {
  World world;
  auto config = World::server_config();
  config.alpn = "something-else";
  world.open(World::client_config(), config);
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }));
  for (const End *end : {&world.client, &world.server}) {
    EXPECT_EQ(end->closed->kind, CloseReason::Kind::handshake);
    EXPECT_EQ(end->closed->error.code, Code::refused);
    EXPECT_NE(end->closed->error.detail.find("ALPN"), std::string::npos) << end->closed->error.detail;
  }
}

TEST(Handshake, SurvivesHeavyLoss) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    World world(seed);
    world.client.out.loss = world.server.out.loss = 0.3;
    EXPECT_TRUE(world.establish()) << seed;
  }
}

TEST(Handshake, TimesOutWithoutAnAnswer) {
  World world;
  world.client.out.cut = true;
  world.open();
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }));
  EXPECT_EQ(world.client.closed->error.code, Code::timeout);
  EXPECT_EQ(world.client.closed->kind, CloseReason::Kind::handshake);
  EXPECT_EQ(world.server.closed->error.code, Code::timeout);
  EXPECT_LE(world.now - 1s, 11s);
  EXPECT_EQ(world.client->deadline(), never);
  EXPECT_EQ(world.server->deadline(), never);
}

TEST(Handshake, SucceedsAfterGarbageDatagrams) {
  World world;
  world.open();
  for (std::size_t i = 0; i < 2000; ++i) {
    auto noise = world.noise(world.pick(1500));
    if (i % 3 == 0 && noise.size() > 50) {  // make it look like an Initial of QUIC v1
      noise.resize(1200);
      noise[0] = static_cast<std::uint8_t>(0xc0 | (noise[0] & 0x0f));
      noise[1] = noise[2] = noise[3] = 0;
      noise[4] = 1;
      noise[5] = 8;
      noise[14] = 4;
      noise[19] = 0;     // no token
      noise[20] = 0x44;  // length 1173
      noise[21] = 0x95;
    }
    world.server->receive(noise, world.now);
    world.client->receive(world.noise(world.pick(1500)), world.now);
  }
  EXPECT_FALSE(world.server.closed);
  EXPECT_TRUE(world.run([&] { return world.client.established && world.server.established; }));
}

TEST(Handshake, RefusesABadConfiguration) {
  World world;
  const auto open = [&](Config config) {
    return Connection::open(config, world.client, world.client, world.now);
  };
  auto config = World::client_config();
  config.peer_fingerprint = "abc";
  EXPECT_EQ(open(config).error().code, Code::invalid);
  config = World::client_config();
  config.alpn = "";
  EXPECT_EQ(open(config).error().code, Code::invalid);
  config = World::client_config();
  config.idle_timeout = 0ns;
  EXPECT_EQ(open(config).error().code, Code::invalid);
}

TEST(Handshake, StreamsCanBeOpenedOnlyWhileTheConnectionIsEstablished) {
  World world;
  world.open();
  EXPECT_EQ(world.client->open_stream(true).error().code, Code::unreachable);
  EXPECT_EQ(world.server->open_stream(false).error().code, Code::unreachable);
  world.client->send(0, Slice::copy(as_bytes("early")), true);
  EXPECT_EQ(world.client->backlog(), 0u);
  world.client->close(1, "no", world.now);
  EXPECT_EQ(world.client->open_stream(true).error().code, Code::unreachable);
}

TEST(Close, BothEndsLearnTheReason) {
  World world;
  ASSERT_TRUE(world.establish());
  world.server->close(0x17, "the stream has ended", world.now);
  ASSERT_TRUE(world.server.closed);
  EXPECT_FALSE(world.server.closed->by_peer);
  ASSERT_TRUE(world.run([&] { return world.client.closed.has_value(); }, 1s));
  EXPECT_EQ(world.client.closed->kind, CloseReason::Kind::application);
  EXPECT_TRUE(world.client.closed->by_peer);
  EXPECT_EQ(world.client.closed->code, 0x17u);
  EXPECT_NE(world.client.closed->error.detail.find("the stream has ended"), std::string::npos);
  world.server->close(1, "again", world.now);  // has no effect
}

TEST(Close, IsSentAgainWhenItWasLost) {
  World world;
  ASSERT_TRUE(world.establish());
  world.pass(100ms);
  world.server.out.cut = true;
  world.server->close(5, "", world.now);
  world.pass(50ms);
  world.server.out.cut = false;
  const auto id = world.client->open_stream(true);
  world.client->send(*id, Slice::copy(as_bytes("are you there?")), false);
  world.client->flush(world.now);
  ASSERT_TRUE(world.run([&] { return world.client.closed.has_value(); }, 1s));
  EXPECT_EQ(world.client.closed->code, 5u);
}

TEST(Close, ReasonsAreShortenedAndMadePrintable) {
  World world;
  ASSERT_TRUE(world.establish());
  world.client->close(1, std::string("a\n\x01<\xc3\xa4>") + std::string(5000, 'x'), world.now);
  ASSERT_TRUE(world.run([&] { return world.server.closed.has_value(); }, 1s));
  const std::string &detail = world.server.closed->error.detail;
  EXPECT_LT(detail.size(), 400u);
  EXPECT_NE(detail.find("a?"
                        "?<?"
                        "?>xxx"),
            std::string::npos)
      << detail;
}

TEST(Close, FromInsideAHandlerTakesEffectAfterIt) {
  World world;
  world.client.when_established = [&] {
    world.client->close(3, "changed my mind", world.now);
    EXPECT_FALSE(world.client.closed);  // not while the handler runs
  };
  world.open();
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }, 2s));
  EXPECT_EQ(world.client.closed->code, 3u);
  EXPECT_EQ(world.server.closed->code, 3u);
}

TEST(Close, BeforeTheHandshakeEndsTheConnection) {
  World world;
  world.open();
  world.server->close(1, "", world.now);
  EXPECT_TRUE(world.server.closed);
  world.client->close(1, "", world.now);
  EXPECT_TRUE(world.client.closed);
}

TEST(Idle, KeepAliveHoldsAnIdleConnection) {
  World world;
  ASSERT_TRUE(world.establish());
  world.pass(120s);
  EXPECT_FALSE(world.client.closed);
  EXPECT_FALSE(world.server.closed);
  EXPECT_LT(world.client->stats().datagrams_sent, 200u);
}

TEST(Idle, ADeadPathClosesTheConnection) {
  World world;
  ASSERT_TRUE(world.establish());
  world.pass(20s);
  world.client.out.cut = world.server.out.cut = true;
  const Time cut = world.now;
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }));
  EXPECT_EQ(world.client.closed->kind, CloseReason::Kind::idle);
  EXPECT_EQ(world.server.closed->kind, CloseReason::Kind::idle);
  EXPECT_EQ(world.client.closed->error.code, Code::timeout);
  EXPECT_LE(world.now - cut, 24s);  // idle_timeout after the last PING
}

// A stream of 4 Mbit/s, as a publisher sends it: a frame each 40 ms.
struct CutLine : testing::TestWithParam<Time> {};
INSTANTIATE_TEST_SUITE_P(ForLong, CutLine, testing::Values(3s, 8s, 13s));

TEST_P(CutLine, GoesOnAtOnceWhenItIsHealed) {
  World world;
  ASSERT_TRUE(world.establish());
  world.server.keep = world.client.keep = false;
  const StreamId media = world.server->open_stream(false).value();
  const auto frame = pattern(1, 20'000);
  const auto send_for = [&](Time time) {
    for (const Time end = world.now + time; world.now < end; world.pass(40ms)) {
      if (world.server->backlog() < 8'000'000) world.server->send(media, Slice::copy(frame), false);
      world.server->flush(world.now);
    }
  };
  send_for(5s);
  EXPECT_GT(world.client.bytes, 2'000'000u);
  world.client.out.cut = world.server.out.cut = true;
  send_for(GetParam());
  const std::uint64_t before = world.client.bytes;
  world.client.out.cut = world.server.out.cut = false;
  const Time healed = world.now;
  EXPECT_TRUE(world.run([&] { return world.client.bytes > before; }, 10s));
  EXPECT_LE(world.now - healed, max_probe_interval + 100ms);
  send_for(10s);
  EXPECT_EQ(world.server->backlog(), 0u);
  EXPECT_FALSE(world.server.closed);
}

TEST(Idle, WhatIsNotOfThePeerDoesNotHoldADeadLink) {
  World world;
  ASSERT_TRUE(world.establish());
  world.client.out.cut = world.server.out.cut = true;
  world.run(
      [&] {
        world.deliver(world.client, world.noise(100), world.now + 1s);
        return world.client.closed.has_value();
      },
      40s);
  EXPECT_TRUE(world.client.closed);
}

TEST(Idle, WithoutKeepAliveAnIdleConnectionCloses) {
  World world;
  auto config = World::client_config();
  config.keep_alive = 0ns;
  config.idle_timeout = 2s;
  auto other = World::server_config();
  other.keep_alive = 0ns;
  ASSERT_TRUE(world.establish(config, other));
  ASSERT_TRUE(world.run([&] { return world.client.closed.has_value(); }, 4s));
  EXPECT_EQ(world.client.closed->kind, CloseReason::Kind::idle);
  EXPECT_FALSE(world.server.closed);  // each end has its own patience
  ASSERT_TRUE(world.run([&] { return world.server.closed.has_value(); }, 30s));
  EXPECT_EQ(world.server.closed->kind, CloseReason::Kind::idle);
}

}  // namespace
}  // namespace astral::quic
