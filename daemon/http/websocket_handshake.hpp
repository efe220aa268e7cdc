// SPDX-License-Identifier: BSD-3-Clause
// The server's half of a WebSocket's opening handshake (RFC 6455 §4.2). Pure.
#pragma once

#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "http/request.hpp"

namespace astral::http {

// The Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

// The whole head of the response, 101. Neither extensions nor subprotocols are accepted. **Errors**: invalid.
Expected<std::string> websocket_response(const Request &request);

}  // namespace astral::http
