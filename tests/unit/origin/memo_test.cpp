// SPDX-License-Identifier: BSD-3-Clause
// A text is made again in another second and for another version. The number of texts is bounded.
#include "origin/memo.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;

TEST(Memo, MakesATextOncePerSecondAndVersion) {
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
  EXPECT_EQ(get("a", start, 1), "5");  // the clock was set back
  for (int i = 0; i < 1000; ++i) get("key " + std::to_string(i), start, 0);
  EXPECT_EQ(get("a", start, 1), "1006");  // dropped, to make room
}

}  // namespace
}  // namespace astral::origin
