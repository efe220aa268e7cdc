// SPDX-License-Identifier: BSD-3-Clause
// Splits an SDP line into tokens and checks them. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace astral::webrtc {

// Cuts the text before the first `separator` off `text`; all of it if there is none.
inline std::string_view take(std::string_view &text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view token = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return token;
}

// At most `most` tokens; the last one keeps the rest of the text.
inline std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string_view> tokens;
  while (!text.empty() && tokens.size() + 1 < most)
    if (const std::string_view token = take(text, separator); !token.empty()) tokens.push_back(token);
  if (!text.empty()) tokens.push_back(text);
  return tokens;
}

inline std::optional<std::uint32_t> number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > max)
    return std::nullopt;
  return value;
}

inline bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

inline char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Ignores case.
inline bool same_token(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// Whether the text is not empty and has only letters, digits and `others`.
inline bool consists_of(std::string_view text, std::string_view others) {
  for (const char c : text)
    if (!is_alphanumeric(c) && others.find(c) == std::string_view::npos) return false;
  return !text.empty();
}

}  // namespace astral::webrtc
