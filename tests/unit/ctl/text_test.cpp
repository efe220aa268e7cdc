// SPDX-License-Identifier: BSD-3-Clause
// Texts of other people on a terminal, and tables of them.
#include "ctl/text.hpp"

#include <gtest/gtest.h>

#include "ctl/table.hpp"

namespace astral::ctl {
namespace {

TEST(Printable, KeepsTextAndDropsControls) {
  EXPECT_EQ(printable("Ä日 x"), "Ä日 x");
  EXPECT_EQ(printable("\x1b[2J\n\x7f"), "?[2J??");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("\u202e"
                      "evil\u2066\u2028"),
            "?evil??");  // would change the direction of the text
  EXPECT_EQ(printable("\xff"), "?");
}

TEST(OneLine, EscapesControlsAndKeepsTheMeaning) {
  EXPECT_EQ(one_line("{\n \"a\": \"Ä日\"}\r\n"), "{  \"a\": \"Ä日\"}");
  EXPECT_EQ(one_line("{\"a\":\"\xc2\x9b"
                     "31m\u202e\x7f\"}\n"),
            R"({"a":"\u009b31m\u202e\u007f"})");
}

struct Width {
  const char *text;
  std::size_t cells;
};

class Columns : public ::testing::TestWithParam<Width> {};

TEST_P(Columns, AreCellsOfTheTerminal) {
  EXPECT_EQ(columns(GetParam().text), GetParam().cells);
}

INSTANTIATE_TEST_SUITE_P(Table, Columns,
                         ::testing::Values(Width{"", 0}, Width{"abc", 3}, Width{"Ä", 1}, Width{"日本", 4},
                                           Width{"e\u0301", 1}, Width{"…", 1}));

struct Cut {
  const char *text;
  std::size_t width;
  const char *cut;
};

class Fits : public ::testing::TestWithParam<Cut> {};

TEST_P(Fits, CutsAtTheWidth) {
  const std::string cut = fit(GetParam().text, GetParam().width);
  EXPECT_EQ(cut, GetParam().cut);
  EXPECT_LE(columns(cut), GetParam().width);
}

INSTANTIATE_TEST_SUITE_P(Table, Fits,
                         ::testing::Values(Cut{"abc", 3, "abc"}, Cut{"abcd", 3, "ab…"}, Cut{"abcd", 1, "…"},
                                           Cut{"abcd", 0, ""}, Cut{"日本語", 5, "日本…"},
                                           Cut{"日本語", 4, "日…"}));

TEST(TableLines, NarrowTheWidestColumns) {
  Table table({"ID", "NAME"});
  table.add({"a", "a very long name"});
  table.add({"\x1b", ""});
  EXPECT_EQ(table.rows(), 2u);
  EXPECT_EQ(table.lines(100), (std::vector<std::string>{"ID  NAME", "a   a very long name", "?   -"}));
  EXPECT_EQ(table.lines(14), (std::vector<std::string>{"ID  NAME", "a   a very lo…", "?   -"}));
  EXPECT_EQ(table.lines(5), (std::vector<std::string>{"ID  …", "a   …", "?   -"}));  // cut: all columns are narrow
}

}  // namespace
}  // namespace astral::ctl
