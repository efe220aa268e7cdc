// SPDX-License-Identifier: BSD-3-Clause
// The client's half of the opening handshake: what it asks, and which responses open a WebSocket.
#include "websocket/handshake.hpp"

#include <gtest/gtest.h>

namespace astral::websocket {
namespace {

// The nonce and the key of RFC 6455, 1.3.
const ClientHandshake::Nonce nonce = {'t', 'h', 'e', ' ', 's', 'a', 'm', 'p',
                                      'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};
const std::string accept_header = "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
const std::string upgrade_header = "Upgrade: WebSocket\r\n";

std::string outcome(const std::string &response) {
  ClientHandshake handshake(nonce);
  const auto taken = handshake.take(response);
  if (!taken) return taken.error().detail;
  return *taken ? "open, then '" + handshake.rest() + "'" : "not whole";
}

TEST(Handshake, TheHashMatchesTheExampleOfRfc6455) {
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, TheRequestNamesThePathTheHostAndTheKey) {
  EXPECT_EQ(ClientHandshake(nonce).request("/link?id=1", "[2001:db8::1]:8000"),
            "GET /link?id=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Host: [2001:db8::1]:8000\r\n\r\n");
}

TEST(Handshake, ARightResponseOpensAndTheFirstFramesAreKept) {
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\n" + upgrade_header + accept_header + "\r\n";
  EXPECT_EQ(outcome(head), "open, then ''");
  EXPECT_EQ(outcome(head + "frames"), "open, then 'frames'");
  EXPECT_EQ(outcome(head.substr(0, head.size() - 1)), "not whole");
  ClientHandshake in_pieces(nonce);
  for (const char &c : head.substr(0, head.size() - 1)) ASSERT_EQ(in_pieces.take({&c, 1}), false);
  EXPECT_EQ(in_pieces.take("\n"), true);
}

TEST(Handshake, OtherResponsesAreRefused) {
  EXPECT_EQ(outcome("HTTP/1.1 404 Not Found\r\n\r\n"), "no WebSocket there: HTTP/1.1 404 Not Found");
  const std::string wrong = "no WebSocket there: a wrong handshake";
  EXPECT_EQ(outcome("HTTP/1.1 101 Yes\r\n" + upgrade_header + "\r\n"), wrong);
  EXPECT_EQ(outcome("HTTP/1.1 101 Yes\r\n" + accept_header + "\r\n"), wrong);
  EXPECT_EQ(outcome("HTTP/1.1 101 Yes\r\n" + upgrade_header + "Sec-WebSocket-Accept: x\r\n\r\n"), wrong);
  EXPECT_EQ(outcome("HTTP/1.1 101 Yes\r\n" + std::string(ClientHandshake::max_response, 'x')),
            "the answer to the handshake is too long");
}

}  // namespace
}  // namespace astral::websocket
