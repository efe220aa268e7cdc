// SPDX-License-Identifier: BSD-3-Clause
// Links over TCP on loopback: the test plays the HTTP server that a WebSocket is opened at, and hands it to
// the other endpoint.
#include "udp/stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "glue/key.hpp"
#include "http_port.hpp"
#include "loopback.hpp"

namespace astral::udp {
namespace {

bool is_closed(int descriptor) {
  return ::fcntl(descriptor, F_GETFD) < 0;
}

struct OverTcp : testing::Test {
  void link() {
    from_a->open_stream(*stun::parse_address(http.address()), from_b->secret());
    const int connection = http.accept();
    EXPECT_EQ(http.value("GET "), "/link?id=" + to_hex(from_b->secret()));
    EXPECT_EQ(http.value("Host: "), http.address());
    EXPECT_TRUE(b->expects_stream(from_b->secret()));
    http.answer(connection);
    EXPECT_TRUE(b->accept_stream(from_b->secret(), connection));
    ASSERT_TRUE(pump_until([&] { return at_a.opened > 0 && at_b.opened > 0; }));
  }
  // The stream of a link whose other end is the test.
  int link_to_test() {
    from_a->open_stream(*stun::parse_address(http.address()), {});
    const int connection = http.accept();
    http.answer(connection);
    EXPECT_TRUE(pump_until([&] { return at_a.opened > 0; }));
    return connection;
  }

  HttpPort http;
  std::shared_ptr<Endpoint> a = open_endpoint(), b = open_endpoint();
  Listener at_a, at_b;
  std::unique_ptr<Route> from_a = a->open_route(nullptr, at_a), from_b = b->open_route(nullptr, at_b);
};

TEST_F(OverTcp, DatagramsArriveWholeAndInOrderBothWays) {
  link();
  EXPECT_TRUE(at_a.flow.over_tcp);
  std::vector<Octets> sent;
  Octets burst;
  for (std::uint8_t i = 0; i < 40; ++i) {
    sent.push_back(packet_to(from_b->id(), i < 39 ? 1200 : 37, i));
    burst.insert(burst.end(), sent.back().begin(), sent.back().end());
  }
  EXPECT_TRUE(from_a->send(burst, 1200, at_a.flow));
  ASSERT_TRUE(pump_until([&] { return at_b.received.size() == sent.size(); }));
  EXPECT_EQ(at_b.received, sent);
  EXPECT_TRUE(at_b.flow.over_tcp);
  EXPECT_TRUE(from_b->send(burst, 1200, at_b.flow));
  ASSERT_TRUE(pump_until([&] { return at_a.received.size() == sent.size(); }));
  EXPECT_EQ(at_a.received, sent);
  EXPECT_EQ(a->counts().datagrams + b->counts().datagrams, 0u);  // none over UDP
}

TEST_F(OverTcp, MoreThanTheSocketTakesAtOnceGoesOnWhenItIsRead) {
  link();
  Octets burst;
  for (int i = 0; i < 500; ++i) {
    const Octets one = packet_to(from_b->id(), 1200, static_cast<std::uint8_t>(i % 50));
    burst.insert(burst.end(), one.begin(), one.end());
  }
  EXPECT_TRUE(from_a->send(burst, 1200, at_a.flow));  // at one time, so none has waited too long
  ASSERT_TRUE(pump_until([&] { return at_b.received.size() == 500; }));
  for (std::size_t i = 0; i < 500; ++i)
    ASSERT_EQ(at_b.received[i], packet_to(from_b->id(), 1200, static_cast<std::uint8_t>(i % 50)));
}

TEST_F(OverTcp, WhoKnowsNoSecretOpensNothing) {
  EXPECT_FALSE(b->expects_stream(from_a->secret()));
  const int connection = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(b->accept_stream(from_a->secret(), connection));
  EXPECT_TRUE(is_closed(connection));
}

TEST_F(OverTcp, ALinkHasOneStream) {
  link();
  EXPECT_FALSE(b->expects_stream(from_b->secret()));
  EXPECT_FALSE(b->accept_stream(from_b->secret(), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  from_a->open_stream(*stun::parse_address(http.address()), from_b->secret());  // does nothing
  EXPECT_TRUE(from_a->send(packet_to(from_b->id(), 60, 1), 60, at_a.flow));
  ASSERT_TRUE(pump_until([&] { return !at_b.received.empty(); }));
}

TEST_F(OverTcp, AStreamThatHasBeenClosedIsNotOpenedAgain) {
  link();
  from_b->close_stream();
  ASSERT_TRUE(pump_until([&] { return at_a.closed > 0; }));
  EXPECT_FALSE(b->expects_stream(from_b->secret()));
  EXPECT_FALSE(b->accept_stream(from_b->secret(), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  from_a->open_stream(*stun::parse_address(http.address()), from_b->secret());  // does nothing
  EXPECT_FALSE(from_a->send(packet_to(from_b->id(), 60, 1), 60, at_a.flow));
  EXPECT_EQ(at_b.closed, 0);
}

TEST_F(OverTcp, TheEndOfOneLinkIsHeardAtTheOther) {
  link();
  from_b.reset();
  ASSERT_TRUE(pump_until([&] { return at_a.closed > 0; }));
  EXPECT_FALSE(from_a->send(packet_to({}, 60, 1), 60, at_a.flow));
  EXPECT_EQ(at_b.closed, 0);
}

TEST_F(OverTcp, WhatIsNoWebSocketEndsTheStream) {
  from_a->open_stream(*stun::parse_address(http.address()), {});
  const int connection = http.accept();
  HttpPort::say(connection, "HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_TRUE(pump_until([&] { return at_a.closed > 0; }));
  ::close(connection);
  EXPECT_EQ(at_a.opened, 0);
}

TEST_F(OverTcp, WhereNobodyListensTheStreamEnds) {
  std::uint16_t port = 0;
  {
    const HttpPort gone;
    port = gone.port;
  }
  from_a->open_stream(loopback(1, port), {});
  EXPECT_TRUE(pump_until([&] { return at_a.closed > 0; }));
}

TEST_F(OverTcp, MessagesThatAreNoDatagramsEndTheStream) {
  using websocket::Opcode;
  for (const std::string &bad : {websocket::frame(Opcode::text, "hello", nullptr),
                                 websocket::frame(Opcode::binary, std::string(2049, 'x'), nullptr),
                                 websocket::close_frame({}, nullptr)}) {
    Listener at_c;
    const auto from_c = a->open_route(nullptr, at_c);
    from_c->open_stream(*stun::parse_address(http.address()), {});
    const int connection = http.accept();
    http.answer(connection);
    HttpPort::say(connection, websocket::frame(Opcode::binary, std::string(2048, 'x'), nullptr) + bad);
    EXPECT_TRUE(pump_until([&] { return at_c.closed > 0; }));
    EXPECT_EQ(at_c.received, std::vector<Octets>(1, Octets(2048, 'x')));
    ::close(connection);
  }
}

TEST_F(OverTcp, APingIsAnswered) {
  const int connection = link_to_test();
  HttpPort::say(connection, websocket::frame(websocket::Opcode::ping, "there?", nullptr));
  websocket::FrameReader reader(websocket::FrameReader::From::client, 100);
  std::vector<websocket::FrameEvent> events;
  while (events.empty()) {
    std::array<char, 100> bytes;
    const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
    ASSERT_GT(got, 0);
    ASSERT_TRUE(reader.feed(as_bytes({bytes.data(), static_cast<std::size_t>(got)}), events));
  }
  EXPECT_EQ(events[0].opcode, websocket::Opcode::pong);
  EXPECT_EQ(events[0].payload, "there?");
  ::close(connection);
}

TEST_F(OverTcp, APingIsNotAnsweredWhileDatagramsWait) {
  const int connection = link_to_test();
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(from_a->send(Octets(60'000, 1), 1200, at_a.flow));
  HttpPort::say(connection, websocket::frame(websocket::Opcode::ping, "", nullptr) +
                                websocket::frame(websocket::Opcode::binary, "x", nullptr));
  ASSERT_TRUE(pump_until([&] { return !at_a.received.empty(); }));
  from_a.reset();
  websocket::FrameReader reader(websocket::FrameReader::From::client, 2048,
                                websocket::FrameReader::Takes::binary);
  std::vector<websocket::FrameEvent> events;
  for (;;) {
    std::array<char, 64 * 1024> bytes;
    const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    ASSERT_TRUE(reader.feed(as_bytes({bytes.data(), static_cast<std::size_t>(got)}), events));
  }
  EXPECT_FALSE(events.empty());
  for (const websocket::FrameEvent &event : events) ASSERT_EQ(event.opcode, websocket::Opcode::binary);
  ::close(connection);
}

// The link's thread is busy: what waits for it is counted in memory, not in the bytes of the datagrams.
TEST_F(OverTcp, TinyDatagramsTakeABoundedAmountOfMemory) {
  const int connection = link_to_test();
  std::string tiny;
  for (int i = 0; i < 100'000; ++i) tiny += websocket::frame(websocket::Opcode::binary, "x", nullptr);
  HttpPort::say(connection, tiny + websocket::close_frame({}, nullptr));
  char byte;
  EXPECT_EQ(::recv(connection, &byte, 1, 0), 0);  // the endpoint's thread has read everything
  ASSERT_TRUE(pump_until([&] { return at_a.closed > 0; }));
  EXPECT_GT(at_a.received.size(), 0u);
  EXPECT_LE(at_a.received.size(), Slot::max_waiting / sizeof(Slot::Item));
  ::close(connection);
}

// A peer that does not read costs a bounded number of bytes, and the link goes on.
TEST_F(OverTcp, WhatAPeerDoesNotReadIsDropped) {
  const int connection = link_to_test();
  const Octets burst(60'000, 1);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(from_a->send(burst, 1200, at_a.flow));  // 12 MB
  std::size_t read = 0;
  from_a.reset();
  for (;;) {
    std::array<char, 64 * 1024> bytes;
    const ssize_t got = ::recv(connection, bytes.data(), bytes.size(), 0);
    if (got <= 0) break;
    read += static_cast<std::size_t>(got);
  }
  EXPECT_LT(read, 200 * burst.size());
  ::close(connection);
}

}  // namespace
}  // namespace astral::udp
