// SPDX-License-Identifier: BSD-3-Clause
// The client's half of a WebSocket's opening handshake (RFC 6455, 4.1): bytes in, bytes out. No socket, no
// random source.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "glue/error.hpp"

namespace astral::websocket {

// The Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key.
std::string accept_of(std::string_view key);

class ClientHandshake {
 public:
  using Nonce = std::array<std::uint8_t, 16>;  // random
  static constexpr std::size_t max_response = 8 * 1024;

  explicit ClientHandshake(const Nonce &nonce);

  // `authority`: the Host header, HOST:PORT.
  std::string request(std::string_view path, std::string_view authority) const;
  // Appends bytes of the response. True: the WebSocket is open, and rest() has the first frames' bytes.
  // Errors: too_large; refused: no WebSocket is there.
  Expected<bool> take(std::string_view bytes);
  std::string rest() { return std::move(response_); }

 private:
  const std::string key_;
  std::string response_;
};

}  // namespace astral::websocket
