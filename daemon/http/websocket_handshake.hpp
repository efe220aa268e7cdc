// SPDX-License-Identifier: BSD-3-Clause
// The server's half of a WebSocket's opening handshake (RFC 6455 §4.2). Pure.
#pragma once

#include <string>

#include "glue/error.hpp"
#include "http/request.hpp"

namespace astral::http {

// The whole head of the response, 101. Neither extensions nor subprotocols are accepted. **Errors**: invalid.
Expected<std::string> websocket_response(const Request &request);

}  // namespace astral::http
