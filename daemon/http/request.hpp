// SPDX-License-Identifier: BSD-3-Clause
// The head of a request as a Call, and what it says of its body and its connection. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/call.hpp"

namespace astral::http {

struct Request {
  // What a client sends to open a WebSocket (RFC 6455 §4.1). Lists are as they came.
  struct Upgrade {
    std::string connection;
    std::string protocol;  // of the Upgrade header
    std::string version;
    std::string key;
  };

  Call call = {};                 // without addresses; the body is empty until it has been read
  std::size_t head_size = 0;      // bytes up to the first one of the body
  std::size_t body_size = 0;      // Content-Length; 0 if there is none
  bool is_chunked = false;        // the body comes in chunks, without a length
  bool is_head = false;           // HEAD: the response has no body
  bool is_1_0 = false;            // HTTP/1.0
  bool keep_alive = true;         // the client may send another request on this connection
  bool expects_continue = false;  // the client waits for 100 Continue before it sends the body
  Upgrade upgrade = {};
};

// Reads bytes that check_head() has accepted; they may go on behind the head.
Request read_request(std::string_view bytes);

// The host of HOST[:PORT], without the brackets of an IPv6 address.
std::string host_of(std::string_view authority);

// The values of the cookies of that name in a Cookie header (RFC 6265, 4.2).
std::vector<std::string_view> cookies_named(std::string_view cookies, std::string_view name);

// Whether a header's comma-separated list has this word; the case of letters does not matter.
bool list_has(std::string_view list, std::string_view word);

}  // namespace astral::http
