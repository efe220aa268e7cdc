// SPDX-License-Identifier: BSD-3-Clause
// Titles in any script have a slug, always the same one. Which letters ICU writes is ICU's affair: the table
// has scripts whose rules have not changed in years.
#include "protocol/title.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

TEST(Title, InAsciiIsReadAsEver) {
  for (const char *title : {"My Talk!", "my-talk", "C++20", "Tom's 2nd -- talk", "1"})
    EXPECT_EQ(slug_of_title(title), slug_of(title)) << title;
}

#if HAVE_ICU
TEST(Title, IsWrittenInLatinLetters) {
  const std::pair<const char *, const char *> table[] = {
      {"Прямой эфир", "pramoj-efir"}, {"только для Вас", "tolko-dla-vas"},
      {"Übung 3", "ubung-3"},         {"Straße", "strasse"},
      {"Ελληνικά", "ellenika"},       {"ひらがな カタカナ", "hiragana-katakana"},
      {"İstanbul", "istanbul"},       {"ｆｕｌｌ　ｗｉｄｔｈ", "full-width"},
      {"Café Übung", "cafe-ubung"}};
  for (const auto &[title, slug] : table) EXPECT_EQ(slug_of_title(title), slug) << title;
}

TEST(Title, OfEachLivingScriptKeepsItsSound) {
  for (const char *title :
       {"日本語の配信", "한국어 방송", "مباشر الآن", "שידור חי", "हिन्दी", "ไทย", "ქართული"}) {
    const std::string slug = slug_of_title(title);
    EXPECT_TRUE(is_slug(slug)) << title;
    EXPECT_FALSE(slug.starts_with("stream-")) << title << " " << slug;
  }
}
#endif

TEST(Title, WithoutLettersHasASlugToo) {
  for (const char *title : {"🎉🎉", "—", "①"}) {
    const std::string slug = slug_of_title(title);
    EXPECT_TRUE(is_slug(slug)) << title << " " << slug;
    EXPECT_EQ(slug_of_title(title), slug) << title;
  }
  EXPECT_TRUE(slug_of_title("🎉🎉").starts_with("stream-"));
  EXPECT_NE(slug_of_title("🎉🎉"), slug_of_title("🎉"));
}

TEST(Title, ThatIsBlankOrTooLongOrNoTextHasNone) {
  for (const std::string &title :
       {std::string(), std::string("  \t\n"), std::string("!!!"), std::string("\u3000"),
        std::string("\xff\xfe"), std::string(max_name + 1, 'x')})
    EXPECT_EQ(slug_of_title(title), "") << title.size();
}

TEST(Title, OfEveryLengthGivesASlugThatIsNotTooLong) {
  for (const std::string letter : {"x", "щ", "語", "ﷺ", "🎉", "\u0301"}) {
    for (std::string title = letter; title.size() <= max_name; title += letter)
      EXPECT_TRUE(is_slug(slug_of_title(title))) << title;
  }
}

TEST(Title, IsHostile) {
  std::string title;
  for (unsigned i = 0; i < 20'000; ++i) {
    title.clear();
    unsigned seed = i * 2'654'435'761u;
    for (unsigned n = i % static_cast<unsigned>(max_name); n > 0; --n, seed = seed * 1'664'525u + 1'013'904'223u)
      title += static_cast<char>(seed >> 24);
    const std::string slug = slug_of_title(title);
    EXPECT_TRUE(slug.empty() || is_slug(slug)) << i;
  }
}

}  // namespace
}  // namespace astral::protocol
