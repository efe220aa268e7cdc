// SPDX-License-Identifier: BSD-3-Clause
// The network of an address, and whether the origin may send a request to it.
#include "origin/address.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

TEST(Address, ParsesOnlyLiterals) {
  for (const char *bad : {"", "host.example", "1.2.3", "1.2.3.4.5", "1.2.3.4/8", "::1%lo", "[::1]",
                          " 1.2.3.4", "1.2.3.4:80", "0x7f.1"})
    EXPECT_FALSE(Address::parse(bad)) << bad;
  EXPECT_TRUE(Address::parse("192.0.2.1"));
  EXPECT_TRUE(Address::parse("2001:db8::1"));
}

TEST(Address, AddressesOfOneNetworkHaveTheSameKey) {
  const auto near = [](const char *a, const char *b) {
    return Address::parse(a)->neighbourhood() == Address::parse(b)->neighbourhood();
  };
  const auto around = [](const char *a, const char *b) {
    return Address::parse(a)->region() == Address::parse(b)->region();
  };
  EXPECT_TRUE(near("192.0.2.1", "192.0.2.254"));
  EXPECT_FALSE(near("192.0.2.1", "192.0.3.1"));
  EXPECT_TRUE(around("192.0.2.1", "192.0.3.1"));
  EXPECT_FALSE(around("192.0.2.1", "192.1.2.1"));
  EXPECT_TRUE(near("2001:db8:7:1::1", "2001:db8:7:2::1"));
  EXPECT_FALSE(near("2001:db8:7::1", "2001:db8:8::1"));
  EXPECT_FALSE(near("52.0.0.1", "3400::1"));  // the same bytes, IPv4 and IPv6
  EXPECT_TRUE(near("::ffff:192.0.2.1", "192.0.2.9"));
}

struct Case {
  const char *address;
  const char *reporter;
  bool may;
};

void PrintTo(const Case &c, std::ostream *out) {
  *out << c.address << " reported from " << c.reporter;
}

class MayBeChecked : public ::testing::TestWithParam<Case> {};

TEST_P(MayBeChecked, NoRemoteNodePointsTheOriginAtALocalAddress) {
  EXPECT_EQ(may_be_checked(GetParam().address, GetParam().reporter), GetParam().may);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MayBeChecked,
    ::testing::Values(Case{"203.0.113.5", "203.0.113.5", true}, Case{"203.0.113.5", "198.51.100.1", true},
                      Case{"127.0.0.1", "127.0.0.1", true}, Case{"192.168.1.7", "192.168.1.7", true},
                      Case{"192.168.1.7", "10.0.0.1", true},      // both local
                      Case{"127.0.0.1", "203.0.113.5", false},    // the origin's own machine
                      Case{"192.168.1.1", "203.0.113.5", false},  // its network
                      Case{"10.1.2.3", "203.0.113.5", false}, Case{"172.20.0.1", "203.0.113.5", false},
                      Case{"169.254.169.254", "203.0.113.5", false}, Case{"100.64.0.1", "203.0.113.5", false},
                      Case{"172.32.0.1", "203.0.113.5", true}, Case{"::1", "2001:db8::1", false},
                      Case{"fe80::1", "2001:db8::1", false}, Case{"fd00::1", "2001:db8::1", false},
                      Case{"::ffff:127.0.0.1", "203.0.113.5", false},
                      Case{"2001:db8::2", "2001:db8::1", true}, Case{"0.0.0.0", "127.0.0.1", false},
                      Case{"224.0.0.1", "127.0.0.1", false}, Case{"255.255.255.255", "127.0.0.1", false},
                      Case{"::", "::1", false}, Case{"ff02::1", "::1", false},
                      Case{"host.example", "127.0.0.1", false}));

}  // namespace
}  // namespace astral::origin
