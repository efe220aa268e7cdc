// SPDX-License-Identifier: BSD-3-Clause
// Which two kinds of NAT have a direct path between them: the table that was measured with libnice.
#include "protocol/nat.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::protocol {
namespace {

constexpr NatRule any = NatRule::endpoint_independent;
constexpr NatRule address = NatRule::address_dependent;
constexpr NatRule port = NatRule::address_and_port_dependent;

constexpr Nat open{.udp = Udp::open};
constexpr Nat full_cone{.udp = Udp::behind_nat, .mapping = any, .filtering = any};
constexpr Nat restricted{.udp = Udp::behind_nat, .mapping = any, .filtering = address};
constexpr Nat port_restricted{.udp = Udp::behind_nat, .mapping = any, .filtering = port};
constexpr Nat symmetric{.udp = Udp::behind_nat, .mapping = port, .filtering = port};
constexpr Nat forwarded{.udp = Udp::open, .mapping = any, .filtering = port};
constexpr Nat forwarded_symmetric{.udp = Udp::open, .mapping = port, .filtering = port};
constexpr Nat blocked{.udp = Udp::blocked};
constexpr Nat unknown_filter{.udp = Udp::behind_nat, .mapping = any};
constexpr Nat unknown{};

struct Pair {
  const char *name;
  Nat a;
  Nat b;
  Obstacle obstacle;
};

std::string name_of(const testing::TestParamInfo<Pair> &param) {
  return param.param.name;
}

class NatPair : public testing::TestWithParam<Pair> {};

TEST_P(NatPair, HasThisObstacleInBothDirections) {
  const Pair &pair = GetParam();
  EXPECT_EQ(obstacle(pair.a, pair.b), pair.obstacle);
  EXPECT_EQ(obstacle(pair.b, pair.a), pair.obstacle);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, NatPair,
    testing::Values(
        Pair{"OpenOpen", open, open, Obstacle::none}, Pair{"OpenFullCone", open, full_cone, Obstacle::none},
        Pair{"OpenPortRestricted", open, port_restricted, Obstacle::none},
        Pair{"OpenSymmetric", open, symmetric, Obstacle::none},
        Pair{"OpenBlocked", open, blocked, Obstacle::udp_blocked},
        Pair{"FullConeFullCone", full_cone, full_cone, Obstacle::none},
        Pair{"FullConePortRestricted", full_cone, port_restricted, Obstacle::none},
        Pair{"FullConeSymmetric", full_cone, symmetric, Obstacle::none},
        Pair{"FullConeBlocked", full_cone, blocked, Obstacle::udp_blocked},
        Pair{"RestrictedSymmetric", restricted, symmetric, Obstacle::none},
        Pair{"PortRestrictedPortRestricted", port_restricted, port_restricted, Obstacle::none},
        Pair{"PortRestrictedSymmetric", port_restricted, symmetric, Obstacle::symmetric_and_port_restricted},
        Pair{"PortRestrictedBlocked", port_restricted, blocked, Obstacle::udp_blocked},
        Pair{"SymmetricSymmetric", symmetric, symmetric, Obstacle::both_symmetric},
        Pair{"SymmetricBlocked", symmetric, blocked, Obstacle::udp_blocked},
        Pair{"BlockedBlocked", blocked, blocked, Obstacle::udp_blocked},
        Pair{"UnknownSymmetric", unknown, symmetric, Obstacle::none},
        Pair{"UnknownUnknown", unknown, unknown, Obstacle::none},
        Pair{"UnknownBlocked", unknown, blocked, Obstacle::udp_blocked},
        // A mapping for each address is as unforeseeable for the other end as one for each port.
        Pair{"AddressDependentSymmetric", Nat{.udp = Udp::behind_nat, .mapping = address, .filtering = any},
             symmetric, Obstacle::both_symmetric},
        Pair{"UnknownFilterSymmetric", unknown_filter, symmetric, Obstacle::symmetric_and_unknown},
        Pair{"UnknownFilterPortRestricted", unknown_filter, port_restricted, Obstacle::none},
        Pair{"UnknownFilterOpen", unknown_filter, open, Obstacle::none}),
    name_of);

TEST(NatObstacle, HasATextForPeople) {
  EXPECT_STREQ(text(Obstacle::none), "");
  EXPECT_STREQ(text(Obstacle::both_symmetric), "both behind symmetric NATs");
}

// A forwarded port serves those that link to it. What the node itself links to meets its NAT.
TEST(NatPair, AForwardedPortHelpsTheProvider) {
  for (const Nat &provider : {forwarded, forwarded_symmetric})
    for (const Nat &consumer : {open, full_cone, port_restricted, symmetric, forwarded, forwarded_symmetric})
      EXPECT_EQ(obstacle(consumer, provider), Obstacle::none);
  EXPECT_EQ(obstacle(forwarded, symmetric), Obstacle::symmetric_and_port_restricted);
  EXPECT_EQ(obstacle(forwarded_symmetric, port_restricted), Obstacle::symmetric_and_port_restricted);
  EXPECT_EQ(obstacle(forwarded_symmetric, symmetric), Obstacle::both_symmetric);
  EXPECT_EQ(obstacle(forwarded, port_restricted), Obstacle::none);
  EXPECT_EQ(obstacle(forwarded, blocked), Obstacle::udp_blocked);
}

TEST(Nat, ATurnServerHelpsWhoeverCanSend) {
  EXPECT_TRUE(turn_helps(symmetric, true, symmetric, false));
  EXPECT_TRUE(turn_helps(symmetric, false, symmetric, true));
  EXPECT_TRUE(turn_helps(blocked, true, symmetric, false));
  EXPECT_TRUE(turn_helps(blocked, true, blocked, true));
  EXPECT_FALSE(turn_helps(symmetric, false, symmetric, false));
  EXPECT_FALSE(turn_helps(blocked, false, symmetric, true));
  EXPECT_FALSE(turn_helps(symmetric, true, blocked, false));
  EXPECT_FALSE(turn_helps(blocked, true, blocked, false));
}

TEST(Nat, IsPublicWhereEveryPortIsOpen) {
  EXPECT_TRUE(is_public(open));
  for (const Nat &nat : {forwarded, forwarded_symmetric, full_cone, blocked, unknown})
    EXPECT_FALSE(is_public(nat));
}

TEST(NodeFamilies, MayMeetIfOneIsCommonOrNotKnown) {
  constexpr Families ipv4{.ipv4 = true}, ipv6{.ipv6 = true}, dual{.ipv4 = true, .ipv6 = true}, not_known;
  EXPECT_FALSE(may_meet(ipv4, ipv6));
  EXPECT_FALSE(may_meet(ipv6, ipv4));
  for (const Families &one : {ipv4, ipv6, dual, not_known}) {
    EXPECT_TRUE(may_meet(one, one));
    EXPECT_TRUE(may_meet(one, dual));
    EXPECT_TRUE(may_meet(one, not_known));
  }
}

TEST(NodeFamilies, SayWhichAddressesANodeMayDial) {
  EXPECT_TRUE(may_dial({.ipv4 = true}, "192.0.2.1"));
  EXPECT_FALSE(may_dial({.ipv4 = true}, "2001:db8::1"));
  EXPECT_FALSE(may_dial({.ipv6 = true}, "192.0.2.1"));
  EXPECT_TRUE(may_dial({}, "2001:db8::1"));
}

}  // namespace
}  // namespace astral::protocol
