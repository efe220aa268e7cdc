// SPDX-License-Identifier: BSD-3-Clause
// Checks the head of a request: whether it is whole, within its limits, and HTTP that can be read in one way
// only. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "glue/error.hpp"

namespace astral::http {

struct HeadLimits {
  std::size_t bytes = 32 * 1024;  // a browser sends the cookies of every program at 127.0.0.1
  std::size_t target = 4 * 1024;  // path and query
  std::size_t fields = 100;
};

struct HeadFault {
  Error error;
  unsigned status;
};

bool same_word(std::string_view a, std::string_view b);  // ignores the case of ASCII letters
std::string_view trimmed(std::string_view text);         // of spaces and tabs
// Takes the first line off `bytes`; nothing if it is not whole. Lines end with CRLF or LF.
std::optional<std::string_view> take_line(std::string_view &bytes);

// True: the head is whole and correct. False: more bytes are needed.
tl::expected<bool, HeadFault> check_head(std::string_view bytes, const HeadLimits &limits = {});

}  // namespace astral::http
