// SPDX-License-Identifier: BSD-3-Clause
// The head of a request as a Call: for bytes that api::check_head found whole and sound (so that it has no
// chunks). Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "http/call.hpp"

namespace astral::origin {

struct Request {
  http::Call call;         // without body and addresses
  std::size_t head = 0;    // bytes, to the first of the body
  std::size_t length = 0;  // of the body
  bool is_head = false;    // the answer has no body
  bool keeps = true;       // the connection is for more than this request
  bool waits = false;      // for 100 Continue, before it sends the body
};

// That the head is sound is the caller's promise.
Request read_request(std::string_view bytes);

}  // namespace astral::origin
