// SPDX-License-Identifier: BSD-3-Clause
#include "origin/bans.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

TEST(Bans, HaveOneNameForEachNetwork) {
  EXPECT_EQ(Bans::name_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(Bans::name_of("192.0.2.0/24"), "192.0.2.0/24");
  EXPECT_EQ(Bans::name_of("2001:DB8::/32"), "2001:db8::/32");
  EXPECT_EQ(Bans::name_of(std::string(64, 'a')), std::string(64, 'a'));
  for (const char *bad : {"", "x", "192.0.2.7/24", "192.0.2.0/33", "192.0.2.", "K"}) {
    EXPECT_EQ(Bans::name_of(bad).error().code, Code::invalid) << bad;
  }
}

TEST(Bans, AreForKeysAndNetworks) {
  Bans bans;
  const std::string key(64, 'a');
  ASSERT_TRUE(bans.add("192.0.2.0/24", {}) && bans.add("2001:db8::1", {}) && bans.add(key, {}));
  EXPECT_TRUE(bans.find({"192.0.2.255"}));
  EXPECT_TRUE(bans.find({"2001:db8::1"}));
  EXPECT_TRUE(bans.find({"203.0.113.1", key}));
  EXPECT_FALSE(bans.find({"192.0.3.0"}));
  EXPECT_FALSE(bans.find({"2001:db8::2"}));
  EXPECT_FALSE(bans.find({"203.0.113.1", std::string(64, 'b')}));
  EXPECT_FALSE(bans.find({"", ""}));
  EXPECT_TRUE(bans.remove("192.0.2.0/24"));
  EXPECT_FALSE(bans.find({"192.0.2.255"}));
}

}  // namespace
}  // namespace astral::origin
