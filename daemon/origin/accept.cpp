// SPDX-License-Identifier: BSD-3-Clause
#include "origin/accept.hpp"

#include <algorithm>
#include <string>

namespace astral::origin {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Removes the part before `separator` from the front of `text` and returns it trimmed.
std::string_view take(std::string_view &text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return trim(part);
}

// A qvalue in thousandths: "1", "0.5", "1.000". 0 if it cannot be parsed.
int quality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) return 0;
  int value = 0;
  int scale = 1000;
  for (const char c : text) {
    if (c == '.') continue;
    if (c < '0' || c > '9') return 0;
    value += (c - '0') * scale;
    scale /= 10;
  }
  return std::min(value, 1000);
}

}  // namespace

bool wants_html(std::string_view accept) {
  int html = 0;
  int json = 0;
  while (!accept.empty()) {
    std::string_view entry = take(accept, ',');
    std::string type(take(entry, ';'));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    int value = 1000;
    while (!entry.empty()) {
      const std::string_view parameter = take(entry, ';');
      if (parameter.substr(0, 2) == "q=" || parameter.substr(0, 2) == "Q=")
        value = quality(parameter.substr(2));
    }
    if (type == "text/html" || type == "application/xhtml+xml") html = std::max(html, value);
    if (type == "application/json") json = std::max(json, value);
  }
  return html > json;
}

}  // namespace astral::origin
