// SPDX-License-Identifier: BSD-3-Clause
// Which requests open a WebSocket.
#include "http/websocket_handshake.hpp"

#include <gtest/gtest.h>

namespace astral::http {
namespace {

std::string handshake_answer(const std::string &fields, const std::string &version = "1.1") {
  const auto head =
      websocket_response(read_request("GET / HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n"));
  return head ? *head : head.error().detail;
}

const std::string key_header = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";  // of RFC 6455
const std::string version_header = "Sec-WebSocket-Version: 13\r\n";
const std::string upgrade_headers = "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, WebSocket\r\n";

TEST(WebSocketHandshake, IsAnsweredWithTheKeysHash) {
  const std::string head = handshake_answer(upgrade_headers + version_header + key_header +
                                            "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_EQ(head,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST(WebSocketHandshake, IsRefusedWithTheReason) {
  const std::string about = "a WebSocket is here: ";
  EXPECT_EQ(handshake_answer(upgrade_headers + version_header + key_header, "1.0"), about + "use HTTP/1.1");
  const std::string what = about + "send 'Connection: Upgrade' and 'Upgrade: websocket'";
  EXPECT_EQ(handshake_answer(version_header + key_header), what);
  EXPECT_EQ(handshake_answer("Upgrade: websocket\r\n" + version_header + key_header), what);
  EXPECT_EQ(handshake_answer("Connection: Upgrade\r\nUpgrade: h2c\r\n" + version_header + key_header), what);
  const std::string number = about + "header 'Sec-WebSocket-Version': must be 13";
  EXPECT_EQ(handshake_answer(upgrade_headers + key_header), number);
  EXPECT_EQ(handshake_answer(upgrade_headers + "Sec-WebSocket-Version: 12\r\n" + key_header), number);
  EXPECT_EQ(handshake_answer(upgrade_headers + version_header + version_header + key_header), number);
  const std::string hash = about + "header 'Sec-WebSocket-Key': must be 16 bytes in base64";
  EXPECT_EQ(handshake_answer(upgrade_headers + version_header), hash);
  EXPECT_EQ(handshake_answer(upgrade_headers + version_header + "Sec-WebSocket-Key: short\r\n"), hash);
  EXPECT_EQ(
      handshake_answer(upgrade_headers + version_header + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA\r\n"),
      hash);
}

}  // namespace
}  // namespace astral::http
