// SPDX-License-Identifier: BSD-3-Clause
// Which Accept headers get HTML and which get JSON.
#include "origin/accept.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

struct Case {
  const char *accept;
  bool html;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.accept;
}

class Accept : public ::testing::TestWithParam<Case> {};

TEST_P(Accept, IsHtmlOnlyIfTextHtmlIsPreferredToJson) {
  EXPECT_EQ(wants_html(GetParam().accept), GetParam().html) << GetParam().accept;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Accept,
    ::testing::Values(Case{"", false}, Case{"*/*", false}, Case{"application/json", false},
                      Case{"text/html", true},
                      Case{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
                      Case{"application/json, text/html;q=0.9", false}, Case{"text/html;q=0", false},
                      Case{"application/json;q=0.5,text/html;q=0.7", true},
                      Case{"text/html, application/json", false},
                      Case{" TEXT/HTML ; level=1 ; q=1.000 ", true}, Case{"text/html;q=x", false},
                      Case{"text/html;q=-1", false}, Case{";;;,,,;q", false},
                      Case{"text/html;q=0.001,application/json;q=0.000", true}));

}  // namespace
}  // namespace astral::origin
