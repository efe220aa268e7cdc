// SPDX-License-Identifier: BSD-3-Clause
#include "websocket/handshake.hpp"

#include <glib.h>

#include "glue/ref.hpp"

namespace astral::websocket {
namespace {

std::string base64(const std::uint8_t *bytes, std::size_t size) {
  return GString_(g_base64_encode(bytes, size)).get();
}

// The value of a header in a block of lines; empty if it is missing.
std::string header(std::string_view block, std::string_view name) {
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    const std::string_view line = block.substr(0, end);
    block = end == std::string_view::npos ? "" : block.substr(end + 2);
    if (line.size() <= name.size() || line[name.size()] != ':' ||
        g_ascii_strncasecmp(line.data(), name.data(), name.size()) != 0) {
      continue;
    }
    const GString_ value(g_strndup(line.data() + name.size() + 1, line.size() - name.size() - 1));
    return g_strstrip(value.get());
  }
  return "";
}

}  // namespace

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
  std::array<std::uint8_t, 20> digest{};
  gsize size = digest.size();
  GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
  g_checksum_update(sum, reinterpret_cast<const guchar *>(text.data()), static_cast<gssize>(text.size()));
  g_checksum_get_digest(sum, digest.data(), &size);
  g_checksum_free(sum);
  return base64(digest.data(), digest.size());
}

ClientHandshake::ClientHandshake(const Nonce &nonce) : key_(base64(nonce.data(), nonce.size())) {}

std::string ClientHandshake::request(std::string_view path, std::string_view authority) const {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: " +
         key_ + "\r\nHost: " + std::string(authority) + "\r\n\r\n";
}

Expected<bool> ClientHandshake::take(std::string_view bytes) {
  response_.append(bytes);
  const std::size_t end = response_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (response_.size() > max_response)
      return fail(Code::too_large, "the answer to the handshake is too long");
    return false;
  }
  const std::string_view head(response_.data(), end);
  const std::string_view status = head.substr(0, head.find("\r\n"));
  if (!status.starts_with("HTTP/1.1 101"))
    return fail(Code::refused, "no WebSocket there: " + std::string(status.substr(0, 100)));
  if (header(head, "Sec-WebSocket-Accept") != accept_of(key_) ||
      g_ascii_strcasecmp(header(head, "Upgrade").c_str(), "websocket") != 0)
    return fail(Code::refused, "no WebSocket there: a wrong handshake");
  response_.erase(0, end + 4);
  return true;
}

}  // namespace astral::websocket
