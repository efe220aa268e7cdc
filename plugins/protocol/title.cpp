// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/title.hpp"

#include <glib.h>

#include <algorithm>
#include <memory>

#include "glue/ref.hpp"
#include "protocol/limits.hpp"
#include "protocol/slug.hpp"

#if HAVE_ICU
#include <unicode/ustring.h>
#include <unicode/utrans.h>
#endif

namespace astral::protocol {
namespace {

constexpr std::size_t digits = 8;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

#if HAVE_ICU
// Marks and modifier letters go before Latin-ASCII makes apostrophes of them, which would part words.
constexpr const char16_t *rule = u"Any-Latin; [[:Mn:][:Lm:]] Remove; Latin-ASCII";
constexpr int32_t most_units = 4'096;  // a character becomes a few letters
static_assert(max_name * 16 < most_units);

struct Close {
  void operator()(UTransliterator *what) const { utrans_close(what); }
};

// The text in Latin letters as far as ICU knows how; empty if it cannot.
std::string in_latin(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  static const std::unique_ptr<UTransliterator, Close> latin(
      utrans_openU(rule, -1, UTRANS_FORWARD, nullptr, 0, nullptr, &status));
  if (!latin) return {};
  char16_t units[most_units];
  int32_t length = 0;
  status = U_ZERO_ERROR;
  u_strFromUTF8WithSub(units, most_units, &length, text.data(), static_cast<int32_t>(text.size()), 0xfffd,
                       nullptr, &status);
  int32_t limit = length;
  if (U_SUCCESS(status)) utrans_transUChars(latin.get(), units, &length, most_units, 0, &limit, &status);
  std::string out(3 * most_units, '\0');
  int32_t size = 0;
  if (U_SUCCESS(status))
    u_strToUTF8WithSub(out.data(), static_cast<int32_t>(out.size()), &size, units, length, 0xfffd, nullptr,
                       &status);
  if (U_FAILURE(status)) return {};
  out.resize(static_cast<std::size_t>(size));
  return out;
}
#else
std::string in_latin(std::string_view text) {
  return std::string(text);
}
#endif

bool is_blank(std::string_view title) {
  const std::string text(title);
  for (const char *at = text.c_str(); *at != '\0'; at = g_utf8_next_char(at)) {
    const gunichar letter = g_utf8_get_char_validated(at, -1);
    if (letter >= static_cast<gunichar>(-2)) return true;  // no text
    if (g_unichar_isgraph(letter)) return false;
  }
  return true;
}

}  // namespace

std::string slug_of_title(std::string_view title) {
  if (title.size() > max_name) return {};
  std::string slug = slug_of(is_ascii(title) ? std::string(title) : in_latin(title));
  if (!slug.empty() || is_ascii(title) || is_blank(title)) return slug;
  const auto *bytes = reinterpret_cast<const guchar *>(title.data());
  const GString_ digest(g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, title.size()));
  return "stream-" + std::string(digest.get(), digits);
}

}  // namespace astral::protocol
