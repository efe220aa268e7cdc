// SPDX-License-Identifier: BSD-3-Clause
// A Reply as the bytes of HTTP/1.1, and the queue of bytes that a socket has not taken yet.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "glue/bytes.hpp"
#include "http/call.hpp"

namespace astral::http {

// Status line and headers up to and with the empty line. The body of a reply with `take_over` has no length:
// it ends with the connection.
std::string response_head(const Reply &reply, bool keep_alive = false, const std::string &server = {});

// Head and body of a reply without parts. The connection ends after it.
std::string response(const Reply &reply, const std::string &server = {});

// **Thread**: its connection's. Bytes are not copied.
class SendQueue {
 public:
  void add(std::string text);
  void add(Slice bytes);
  // Sends what the socket takes without waiting. False: the connection is broken.
  bool send(int fd);
  bool empty() const { return queue_.empty(); }

 private:
  std::deque<Slice> queue_;
};

}  // namespace astral::http
