// SPDX-License-Identifier: BSD-3-Clause
// How the words of an SDP line are told apart and checked. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace astral::webrtc {

// Takes what stands before `separator` off the front; all of it where there is none.
inline std::string_view take(std::string_view &text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view word = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return word;
}

// At most `most`; what is beyond is left in the last one.
inline std::vector<std::string_view> split(std::string_view text, char separator, std::size_t most) {
  std::vector<std::string_view> words;
  while (!text.empty() && words.size() + 1 < most)
    if (const std::string_view word = take(text, separator); !word.empty()) words.push_back(word);
  if (!text.empty()) words.push_back(text);
  return words;
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

inline bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

// Of letters, digits and `others` only, and not empty.
inline bool consists_of(std::string_view text, std::string_view others) {
  for (const char c : text)
    if (!is_alphanumeric(c) && others.find(c) == std::string_view::npos) return false;
  return !text.empty();
}

}  // namespace astral::webrtc
