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
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

constexpr char rival_mark = '~';
constexpr std::size_t rival_digits = 4;

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

std::string rival_name(std::string_view slug, std::string_view fingerprint) {
  return std::string(slug) + rival_mark + std::string(fingerprint.substr(0, rival_digits));
}

bool is_stream_name(std::string_view text) {
  const std::size_t mark = text.find(rival_mark);
  if (mark == std::string_view::npos) return is_slug(text);
  const std::string_view digits = text.substr(mark + 1);
  return is_slug(text.substr(0, mark)) && digits.size() == rival_digits &&
         std::all_of(digits.begin(), digits.end(), is_hexadecimal);
}

bool is_rival(std::string_view name) {
  return name.find(rival_mark) != std::string_view::npos;
}

std::string slug_in(std::string_view name) {
  return std::string(name.substr(0, name.find(rival_mark)));
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
  return uuid.size() == digits_of_uuid && std::all_of(uuid.begin(), uuid.end(), is_hexadecimal);
}

bool is_label(std::string_view text) {
  return is_uuid(text) && !is_uuid_of_a_key(text);
}

}  // namespace astral::protocol
