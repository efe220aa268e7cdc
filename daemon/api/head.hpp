// SPDX-License-Identifier: BSD-3-Clause
// The head of a request as bytes, before libsoup reads it: is it whole, within bounds, and HTTP that can mean
// one thing only? Pure. **Why**: libsoup 3.2 takes 64 KiB of headers from anyone, and closes or answers
// without a word what it cannot read.
#pragma once

#include <cstddef>
#include <string_view>

#include "glue/error.hpp"

namespace astral::api {

struct HeadLimits {
  std::size_t bytes = 32 * 1024;  // a browser sends the cookies of all that lives at 127.0.0.1
  std::size_t target = 4 * 1024;  // path and query
  std::size_t fields = 100;
};

struct HeadFault {
  Error error;
  unsigned status;
};

// True: whole and sound. False: more bytes are needed.
tl::expected<bool, HeadFault> check_head(std::string_view bytes, const HeadLimits &limits = {});

}  // namespace astral::api
