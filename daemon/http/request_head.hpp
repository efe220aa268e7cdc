// SPDX-License-Identifier: BSD-3-Clause
// The head of a request as bytes, before libsoup reads it: is it whole, within bounds, and HTTP that can mean
// one thing only? Pure. **Why**: libsoup 3.2 takes 64 KiB of headers from anyone, and closes or answers
// without a word what it cannot read.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "glue/error.hpp"

namespace astral::http {

struct HeadLimits {
  std::size_t bytes = 32 * 1024;  // a browser sends the cookies of all that lives at 127.0.0.1
  std::size_t target = 4 * 1024;  // path and query
  std::size_t fields = 100;
};

struct HeadFault {
  Error error;
  unsigned status;
};

bool same_word(std::string_view a, std::string_view b);  // but for the case of its letters
std::string_view trimmed(std::string_view text);         // of spaces and tabs
// Takes the first line off; nothing when it is not whole. Lines end with LF, with or without CR.
std::optional<std::string_view> take_line(std::string_view &bytes);

// True: whole and sound. False: more bytes are needed.
tl::expected<bool, HeadFault> check_head(std::string_view bytes, const HeadLimits &limits = {});

}  // namespace astral::http
