// SPDX-License-Identifier: BSD-3-Clause
// astral://HOST[:PORT]/SLUG[?property=value&…]: the node (port 8000 by default; without HOST the node on this
// machine) and the stream. The query sets other properties of the element.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "glue/error.hpp"

namespace astral::elements {

inline constexpr int default_port = 8000;
inline constexpr const char *default_node = "http://127.0.0.1:8000";

struct StreamUri {
  std::string node;  // http://HOST:PORT
  std::string slug;
  std::vector<std::pair<std::string, std::string>> query;  // percent-decoded
};

// Errors: invalid.
Expected<StreamUri> parse_uri(const std::string &text);

}  // namespace astral::elements
