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
  EXPECT_LE(world.now - cut, 14s);  // idle_timeout after the last PING
}

TEST(Idle, WithoutKeepAliveAnIdleConnectionCloses) {
  World world;
  auto config = World::client_config();
  config.keep_alive = 0ns;
  config.idle_timeout = 2s;
  auto other = World::server_config();
  other.keep_alive = 0ns;
  ASSERT_TRUE(world.establish(config, other));
  ASSERT_TRUE(world.run([&] { return world.client.closed && world.server.closed; }, 4s));
  EXPECT_EQ(world.client.closed->kind, CloseReason::Kind::idle);
}

}  // namespace
}  // namespace astral::quic
