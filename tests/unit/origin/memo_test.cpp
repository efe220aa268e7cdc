// SPDX-License-Identifier: BSD-3-Clause
// A text is made again when its second or its version is over, and strangers cannot fill the memory with
// keys.
#include "origin/memo.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;

TEST(Memo, MakesATextOnce) {
  Memo memo;
  int made = 0;
  const auto get = [&](const std::string &key, UnixTime now, std::uint64_t version) {
    return memo.get(key, now, version, [&] { return std::to_string(++made); });
  };
  const UnixTime start{1000s};
  EXPECT_EQ(get("a", start, 0), "1");
  EXPECT_EQ(get("a", start, 0), "1");
  EXPECT_EQ(get("b", start, 0), "2");
  EXPECT_EQ(get("a", start, 1), "3");
  EXPECT_EQ(get("a", start + 1s, 1), "4");
  EXPECT_EQ(get("a", start, 1), "5");  // a clock that steps back
  for (int i = 0; i < 1000; ++i) get("key " + std::to_string(i), start, 0);
  EXPECT_EQ(get("a", start, 1), "1006");  // it was thrown out
}

}  // namespace
}  // namespace astral::origin
