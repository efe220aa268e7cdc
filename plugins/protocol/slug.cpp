// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/slug.hpp"

#include <algorithm>

namespace astral::protocol {
namespace {

// <cctype> would depend on the locale.
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

}  // namespace

std::string slug_of(std::string_view name) {
  std::string slug;
  bool gap = false;
  for (char c : name) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    if (!is_lower(c) && !is_digit(c)) {
      gap = true;
      continue;
    }
    const bool hyphen = gap && !slug.empty();
    if (slug.size() + (hyphen ? 2 : 1) > max_slug) break;
    if (hyphen) slug += '-';
    slug += c;
    gap = false;
  }
  return slug;
}

bool is_slug(std::string_view text) {
  return !text.empty() && text.size() <= max_slug && slug_of(text) == text;
}

bool is_text(std::string_view text, std::size_t most) {
  return text.size() <= most && std::none_of(text.begin(), text.end(), [](char c) {
           return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
         });
}

bool is_uuid(std::string_view text) {
  return !text.empty() && text.size() <= max_uuid && std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '-';
  });
}

namespace {
constexpr std::size_t digits_of_uuid = 32;
}

std::string uuid_of(std::string_view fingerprint) {
  return std::string(fingerprint.substr(0, digits_of_uuid));
}

bool is_uuid_of_a_key(std::string_view uuid) {
  return uuid.size() == digits_of_uuid &&
         std::all_of(uuid.begin(), uuid.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_label(std::string_view text) {
  return is_uuid(text) && !is_uuid_of_a_key(text);
}

}  // namespace astral::protocol
