// SPDX-License-Identifier: BSD-3-Clause
// Which handler answers which path and method: a table, and the one function that reads it. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/call.hpp"

namespace astral::http {

// Who may call. `owner`: what changes something or tells what goes on inside, only from this machine, and not
// from another site's page.
enum class Who { anyone, owner };

struct Route {
  std::string method;   // "GET" answers HEAD too
  std::string pattern;  // "/stream/:slug/ticket"; a segment with ':' takes any one segment
  Handle handle;
  Who who = Who::anyone;
  std::size_t max_body = 64 * 1024;
  bool keeps_body = true;  // false: it is counted and thrown away as it comes
};

struct Match {
  const Route *route = nullptr;
  std::map<std::string, std::string> params;  // percent-decoded
  std::string allow;                          // when only the method is wrong: what this path takes
};

// Fixed segments win over ':' ones. No route and no `allow`: 404.
Match match(const std::vector<Route> &routes, std::string_view method, std::string_view path);

}  // namespace astral::http
