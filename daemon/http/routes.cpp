// SPDX-License-Identifier: BSD-3-Clause
#include "http/routes.hpp"

#include <glib.h>

#include <algorithm>
#include <optional>

#include "glue/ref.hpp"

namespace astral::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? "" : path.substr(end);
  }
  return segments;
}

std::optional<std::string> decode(std::string_view segment) {
  const GString_ text(g_uri_unescape_segment(segment.data(), segment.data() + segment.size(), "/"));
  if (!text || !g_utf8_validate(text.get(), -1, nullptr)) return std::nullopt;
  return std::string(text.get());
}

// The parameters, or nothing if the path does not match. `fixed` counts the segments without ':'.
std::optional<std::map<std::string, std::string>> fit(std::string_view pattern,
                                                      const std::vector<std::string_view> &path,
                                                      std::size_t &fixed) {
  const std::vector<std::string_view> wanted = split(pattern);
  if (wanted.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string> params;
  fixed = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!wanted[i].starts_with(':')) {
      if (wanted[i] != path[i]) return std::nullopt;
      ++fixed;
      continue;
    }
    auto value = path[i].empty() ? std::nullopt : decode(path[i]);
    if (!value) return std::nullopt;
    params.emplace(wanted[i].substr(1), std::move(*value));
  }
  return params;
}

}  // namespace

Match match(const std::vector<Route> &routes, std::string_view method, std::string_view path) {
  Match best;
  if (!path.starts_with('/')) return best;
  const std::vector<std::string_view> segments = split(path);
  std::size_t best_fixed = 0;
  std::string_view best_pattern;
  for (const Route &route : routes) {
    std::size_t fixed = 0;
    auto params = fit(route.pattern, segments, fixed);
    if (!params || (!best_pattern.empty() && fixed < best_fixed)) continue;
    if (best_pattern.empty() || fixed > best_fixed) {
      best = {};
      best_fixed = fixed;
      best_pattern = route.pattern;
    }
    if (!best.allow.empty()) best.allow += ", ";
    best.allow += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      best.route = &route;
      best.params = std::move(*params);
    }
  }
  return best;
}

bool is_open(const std::vector<Route> &routes, std::string_view path) {
  return std::any_of(routes.begin(), routes.end(), [&](const Route &route) {
    return route.is_open && match(routes, route.method, path).route == &route;
  });
}

}  // namespace astral::http
