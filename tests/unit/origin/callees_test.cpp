// SPDX-License-Identifier: BSD-3-Clause
// Where the origin's node may open connections to.
#include "origin/callees.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

TEST(Callees, ArePublicAddressesAndNoNames) {
  Callees callees;
  EXPECT_TRUE(callees.may_call("192.0.2.1", 0s));
  EXPECT_TRUE(callees.may_call("2001:db8::1", 0s));
  for (const char *no : {"", "node.example", "localhost", "0.0.0.0", "224.0.0.1", "ff02::1", "::"})
    EXPECT_FALSE(callees.may_call(no, 0s)) << no;
}

TEST(Callees, AreLocalOnlyIfANodeIsThere) {
  Callees callees;
  for (const char *local : {"127.0.0.1", "10.0.0.7", "192.168.1.2", "169.254.169.254", "::1", "fe80::1"}) {
    EXPECT_FALSE(callees.may_call(local, 0s)) << local;
    callees.met(local);
    EXPECT_TRUE(callees.may_call(local, 0s)) << local;
  }
  EXPECT_FALSE(callees.may_call("10.0.0.8", 0s));
}

TEST(Callees, AreNotTooManyAtOnce) {
  Callees callees;
  const auto calls = [&](Time now) {
    int count = 0;
    while (callees.may_call("192.0.2.1", now)) ++count;
    return count;
  };
  EXPECT_EQ(calls(10s), Callees::burst);
  EXPECT_EQ(calls(11s), Callees::per_second);
  EXPECT_EQ(calls(3600s), Callees::burst);
}

TEST(Callees, AreRememberedWithABound) {
  Callees callees;
  const auto local = [](std::size_t i) {
    return "10." + std::to_string(i >> 16) + "." + std::to_string((i >> 8) & 255) + "." +
           std::to_string(i & 255);
  };
  for (std::size_t i = 1; i <= Callees::max_local + 1; ++i) callees.met(local(i));
  EXPECT_TRUE(callees.may_call(local(Callees::max_local), 0s));
  EXPECT_FALSE(callees.may_call(local(Callees::max_local + 1), 0s));
}

}  // namespace
}  // namespace astral::origin
