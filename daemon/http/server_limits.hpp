// SPDX-License-Identifier: BSD-3-Clause
// The bounds of an HTTP server: connections, sizes, and a deadline for each wait.
#pragma once

#include <cstddef>

#include "glue/time.hpp"
#include "http/request_head.hpp"

namespace astral::http {

struct ServerLimits {
  const char *name = "astralnode";  // in the Server header
  // WebSockets and live players too; beyond: 503. When more than half of them are in use, each connection
  // ends with its response: clients that ask now and then must not keep the others out.
  std::size_t connections = 512;
  std::size_t reserved = 64;    // of these, for this machine
  std::size_t per_place = 128;  // from one IPv4 address or IPv6 /64 that is not this machine
  HeadLimits head = {};
  Time for_head = 10s;  // from its first byte, or from the connection's start; a slower client gets 408
  Time for_body = 30s;
  Time for_answer = 120s;  // to take the response: a slower client is too slow for a live stream
  Time idle = 15s;         // between two requests
  Time linger = 5s;        // for a client that was refused, to take the response and to stop sending
  // Many clients write all of their body before they read the response. What a refused client still sends is
  // read and dropped, but only this many bytes; then the connection is closed.
  std::size_t drained = 16 * 1024 * 1024;
};

}  // namespace astral::http
