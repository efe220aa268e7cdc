// SPDX-License-Identifier: BSD-3-Clause
// Networks and scopes of addresses, token buckets, shares.
#include "core/network.hpp"

#include <gtest/gtest.h>

#include "core/quota.hpp"

namespace astral::core {
namespace {

TEST(Network, IsTheFirstBitsOfAnAddress) {
  EXPECT_EQ(network_of("192.0.2.1"), network_of("192.0.2.254"));
  EXPECT_NE(network_of("192.0.2.1"), network_of("192.0.3.1"));
  EXPECT_EQ(network_of("::ffff:192.0.2.1"), network_of("192.0.2.7"));
  EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:0db8:0001:ffff:1:2:3:4"));
  EXPECT_NE(network_of("2001:db8:1::1"), network_of("2001:db8:2::1"));
  EXPECT_EQ(network_of("fe80::1%eth0"), network_of("fe80::2"));
}

TEST(Network, OfThisMachineOrOfNonsenseIsNone) {
  for (const char *address :
       {"", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "1.2.3", "1.2.3.256", "1:2",
        "2001:db8::1::2", "12345::1", "1.2.3.4.5", ":::", "1:2:3:4:5:6:7:8:9"})
    EXPECT_EQ(network_of(address), "") << address;
}

TEST(Network, ScopesAreThoseOfTheRegistry) {
  const std::pair<const char *, Scope> rows[] = {{"192.0.2.1", Scope::world},
                                                 {"2001:db8::1", Scope::world},
                                                 {"10.1.2.3", Scope::site},
                                                 {"172.16.0.1", Scope::site},
                                                 {"172.32.0.1", Scope::world},
                                                 {"192.168.9.9", Scope::site},
                                                 {"100.64.0.1", Scope::site},
                                                 {"fd00::1", Scope::site},
                                                 {"169.254.169.254", Scope::link},
                                                 {"fe80::1", Scope::link},
                                                 {"127.0.0.1", Scope::machine},
                                                 {"::1", Scope::machine},
                                                 {"::ffff:127.0.0.1", Scope::machine},
                                                 {"0.0.0.0", Scope::nowhere},
                                                 {"::", Scope::nowhere},
                                                 {"224.0.0.1", Scope::nowhere},
                                                 {"255.255.255.255", Scope::nowhere},
                                                 {"ff02::1", Scope::nowhere},
                                                 {"a.example", Scope::nowhere},
                                                 {"", Scope::nowhere}};
  for (const auto &[address, scope] : rows) EXPECT_EQ(scope_of(address), scope) << address;
}

TEST(Network, OnlyTheSamePrivateRangeIsTheSameSite) {
  EXPECT_TRUE(share_scope("10.0.0.1", "10.200.0.1"));
  EXPECT_FALSE(share_scope("10.0.0.1", "192.168.0.1"));
  EXPECT_FALSE(share_scope("10.0.0.1", "192.0.2.1"));
  EXPECT_TRUE(share_scope("127.0.0.1", "::1"));
}

TEST(TokenBucket, GivesABurstAndThenItsRate) {
  TokenBucket bucket(10, 3);
  Time now = 100s;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now)) << i;
  EXPECT_FALSE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now += 100ms));
  EXPECT_FALSE(bucket.take(now));
  now += 1h;  // it holds no more than a burst
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now)) << i;
  EXPECT_FALSE(bucket.take(now));
}

TEST(Shares, WhoHasLessDeservesMore) {
  Shares shares;
  EXPECT_EQ(shares.largest(), "");
  EXPECT_FALSE(shares.deserves("a"));
  for (int i = 0; i < 3; ++i) shares.add("big");
  shares.add("small");
  EXPECT_EQ(shares.largest(), "big");
  EXPECT_TRUE(shares.deserves("new"));
  EXPECT_TRUE(shares.deserves("small"));
  EXPECT_FALSE(shares.deserves("big"));
  shares.remove("big");
  EXPECT_FALSE(shares.deserves("small"));  // they would only change places
  shares.remove("nobody");
  EXPECT_EQ(shares.of("big"), 2u);
}

}  // namespace
}  // namespace astral::core
