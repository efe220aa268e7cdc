// SPDX-License-Identifier: BSD-3-Clause
// How a slug is made from a name, and what is a slug and a uuid.
#include "core/slug.hpp"

#include <gtest/gtest.h>

namespace astral::core {
namespace {

struct Case {
  std::string name;
  std::string slug;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.name;
}

class SlugOf : public ::testing::TestWithParam<Case> {};

TEST_P(SlugOf, IsMadeOfAName) {
  EXPECT_EQ(slug_of(GetParam().name), GetParam().slug);
  EXPECT_EQ(is_slug(GetParam().slug), !GetParam().slug.empty());
}

const std::string fifty(50, 'x');
const std::string forty_seven(47, 'x');

INSTANTIATE_TEST_SUITE_P(
    Table, SlugOf,
    ::testing::Values(Case{"My Talk!", "my-talk"}, Case{"my-talk", "my-talk"}, Case{"  A  --  b  ", "a-b"},
                      Case{"", ""}, Case{"!!!", ""}, Case{"Übung 3", "bung-3"}, Case{"日本", ""},
                      Case{"C++20", "c-20"}, Case{std::string("a\0b", 3), "a-b"},
                      Case{fifty, fifty.substr(0, 48)}, Case{forty_seven + " y", forty_seven},
                      Case{forty_seven.substr(1) + " yz", forty_seven.substr(1) + "-y"}));

TEST(Slug, IsOnlyWhatSlugOfCanReturn) {
  for (const std::string &text :
       {std::string(""), std::string("-a"), std::string("a-"), std::string("a--b"), std::string("A"),
        std::string("a b"), std::string("a/b"), std::string("ä"), fifty, std::string("a\0", 2)}) {
    EXPECT_FALSE(is_slug(text)) << text;
  }
}

TEST(Uuid, OneTo64OfLettersDigitsHyphens) {
  EXPECT_TRUE(is_uuid("0123456789"));
  EXPECT_TRUE(is_uuid("8f14e45f-ceea-467f-9d3c-3f2b0c9f6a11"));
  EXPECT_TRUE(is_uuid(std::string(64, 'a')));
  EXPECT_FALSE(is_uuid(std::string(65, 'a')));
  EXPECT_FALSE(is_uuid(""));
  EXPECT_FALSE(is_uuid("a b"));
  EXPECT_FALSE(is_uuid("a/.."));
}

}  // namespace
}  // namespace astral::core
