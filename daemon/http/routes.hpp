// SPDX-License-Identifier: BSD-3-Clause
// The table of routes, and the function that finds the route for a path and a method. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/call.hpp"

namespace astral::http {

// Who may call. `owner`: for calls that change something or show the program's inside. Only a client on this
// machine, or one with the token, may make them, and no page of another site.
enum class Who { anyone, owner };

struct Route {
  std::string method;   // "GET" answers HEAD too
  std::string pattern;  // "/stream/:slug/ticket"; a segment with ':' takes any one segment
  Handle handle;
  Who who = Who::anyone;
  std::size_t max_body = 64 * 1024;
  bool keeps_body = true;  // false: the body is counted and dropped as it arrives
  // Pages of all sites may make it and read the answer: it plays a stream. Of the owner's calls, only with
  // the token.
  bool is_open = false;
};

struct Match {
  const Route *route = nullptr;
  std::map<std::string, std::string> params;  // percent-decoded
  std::string allow;                          // the path's methods, if any; for the Allow header
};

// Of two patterns that match, the one with more fixed segments wins. No route and no `allow`: 404.
Match match(const std::vector<Route> &routes, std::string_view method, std::string_view path);
// Whether a route of the path is open to pages of all sites.
bool is_open(const std::vector<Route> &routes, std::string_view path);

}  // namespace astral::http
