// SPDX-License-Identifier: BSD-3-Clause
#include "http/websocket_handshake.hpp"

#include <glib.h>

#include "glue/ref.hpp"
#include "websocket/handshake.hpp"

namespace astral::http {
namespace {

constexpr std::size_t key_bytes = 16;  // RFC 6455 §4.1

bool is_key(const std::string &text) {
  const std::size_t encoded = (key_bytes + 2) / 3 * 4;
  if (text.size() != encoded) return false;
  gsize size = 0;
  g_free(g_base64_decode(text.c_str(), &size));
  return size == key_bytes;
}

}  // namespace

Expected<std::string> websocket_response(const Request &request) {
  const Request::Upgrade &asked = request.upgrade;
  const auto bad = [](const char *what) {
    return fail(Code::invalid, std::string("a WebSocket is here: ") + what);
  };
  if (request.is_1_0) return bad("use HTTP/1.1");
  if (!list_has(asked.connection, "upgrade") || !list_has(asked.protocol, "websocket"))
    return bad("send 'Connection: Upgrade' and 'Upgrade: websocket'");
  if (asked.version != "13") return bad("header 'Sec-WebSocket-Version': must be 13");
  if (!is_key(asked.key)) return bad("header 'Sec-WebSocket-Key': must be 16 bytes in base64");
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         websocket::accept_of(asked.key) + "\r\n\r\n";
}

}  // namespace astral::http
