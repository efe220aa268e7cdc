// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/text.hpp"

#include <glib.h>

#include "glue/ref.hpp"

namespace astral::ctl {
namespace {

bool is_harmful(gunichar c) {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool separator = c == 0x2028 || c == 0x2029;
  const bool direction =
      c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return control || separator || direction;
}

std::size_t cells(gunichar c) {
  if (g_unichar_iszerowidth(c)) return 0;
  return g_unichar_iswide(c) ? 2 : 1;
}

// Calls take(character, its bytes) until that returns false.
template <typename Take>
void each(std::string_view text, Take take) {
  for (std::size_t at = 0; at < text.size();) {
    const gunichar c = g_utf8_get_char_validated(text.data() + at, static_cast<gssize>(text.size() - at));
    const bool broken = c == static_cast<gunichar>(-1) || c == static_cast<gunichar>(-2);
    const std::size_t length =
        broken ? 1 : static_cast<std::size_t>(g_utf8_skip[static_cast<guchar>(text[at])]);
    if (!take(broken ? gunichar{0} : c, text.substr(at, length))) return;
    at += length;
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  each(text, [&](gunichar c, std::string_view bytes) {
    if (is_harmful(c)) {
      out += '?';
    } else {
      out += bytes;
    }
    return true;
  });
  return out;
}

// In valid JSON raw control characters below 0x20 are only outside strings, where they mean space.
std::string one_line(std::string_view json) {
  std::string out;
  each(json, [&](gunichar c, std::string_view bytes) {
    if (c < 0x20) {
      out += ' ';
    } else if (is_harmful(c)) {
      out += GString_(g_strdup_printf("\\u%04x", c)).get();
    } else {
      out += bytes;
    }
    return true;
  });
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  each(text, [&](gunichar c, std::string_view) {
    count += cells(c);
    return true;
  });
  return count;
}

std::string fit(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 1;  // the …
  each(text, [&](gunichar c, std::string_view bytes) {
    used += cells(c);
    if (used > width) return false;
    out += bytes;
    return true;
  });
  return out + "…";
}

}  // namespace astral::ctl
