// SPDX-License-Identifier: BSD-3-Clause
// Golden scripts: each file of scripts/ is run, and the nodes must do what the file says. --rewrite writes
// the files anew; review the difference before you commit it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "script.hpp"

namespace astral::sim {
namespace {

bool rewrite = false;

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(ASTRAL_SCRIPTS))
    names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Scripts : public testing::TestWithParam<std::string> {};

TEST_P(Scripts, AreAsWritten) {
  const std::filesystem::path path = std::filesystem::path(ASTRAL_SCRIPTS) / (GetParam() + ".txt");
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(text.empty());
  const std::string now = Script::play(text);
  EXPECT_EQ(now.find("not understood"), std::string::npos) << now;
  if (rewrite) {
    std::ofstream(path) << now;
    return;
  }
  EXPECT_EQ(now, text) << "To take it as it is now: test-scripts --rewrite";
}

INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(scripts()),
                         [](const auto &row) { return row.param; });

TEST(Script, SaysWhatItDoesNotUnderstand) {
  Script script;
  for (const char *line : {"dance", "run", "run 5", "run x", "kill", "kill nobody", "add", "add a role=king",
                           "add a bootstrap=nobody", "watch a"})
    EXPECT_EQ(script.run(line), std::string("not understood: ") + line + "\n");
}

}  // namespace

void rewrite_scripts() {
  rewrite = true;
}

}  // namespace astral::sim

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]) == "--rewrite") astral::sim::rewrite_scripts();
  return RUN_ALL_TESTS();
}
