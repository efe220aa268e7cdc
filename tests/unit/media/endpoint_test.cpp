// SPDX-License-Identifier: BSD-3-Clause
// What the node makes of its UDP port's findings.
#include "media/endpoint.hpp"

#include <gtest/gtest.h>

namespace astral::media {
namespace {

using protocol::Nat;
using protocol::NatRule;
using protocol::Udp;

Nat found(bool udp, const char *mapping, const char *filtering, bool reachable = false) {
  const StructurePtr structure(gst_structure_new("nat", "udp", G_TYPE_BOOLEAN, udp, "mapping", G_TYPE_STRING,
                                                 mapping, "filtering", G_TYPE_STRING, filtering, "reachable",
                                                 G_TYPE_BOOLEAN, reachable, nullptr));
  return nat_of(structure.get());
}

TEST(NatOfTheUdpPort, WhoCanBeReachedByAnybodyIsOpen) {
  EXPECT_EQ(found(true, "none", "endpoint-independent", true), Nat{.udp = Udp::open});
  EXPECT_EQ(found(true, "endpoint-independent", "endpoint-independent", true), Nat{.udp = Udp::open});
  EXPECT_EQ(found(true, "none", "unknown"), Nat{.udp = Udp::open});
}

TEST(NatOfTheUdpPort, AFirewallCountsLikeANat) {
  EXPECT_EQ(found(true, "none", "dependent"),
            (Nat{Udp::behind_nat, NatRule::endpoint_independent, NatRule::address_and_port_dependent}));
}

TEST(NatOfTheUdpPort, WhatWasNotFoundOutIsUnknown) {
  EXPECT_EQ(found(true, "unknown", "unknown"), (Nat{Udp::behind_nat, NatRule::unknown, NatRule::unknown}));
  EXPECT_EQ(found(true, "endpoint-independent", "unknown"),
            (Nat{Udp::behind_nat, NatRule::endpoint_independent, NatRule::unknown}));
}

TEST(NatOfTheUdpPort, AServersSecondPortShowsAFilterThatLooksAtTheAddressAtMost) {
  EXPECT_EQ(found(true, "endpoint-independent", "address-dependent"),
            (Nat{Udp::behind_nat, NatRule::endpoint_independent, NatRule::address_dependent}));
}

TEST(NatOfTheUdpPort, ASymmetricNatHasAnotherPortForEachPeer) {
  EXPECT_EQ(found(true, "dependent", "dependent"),
            (Nat{Udp::behind_nat, NatRule::address_and_port_dependent, NatRule::address_and_port_dependent}));
}

TEST(NatOfTheUdpPort, AForwardedPortOfASymmetricNatIsItsOnlyOpenOne) {
  EXPECT_EQ(found(true, "dependent", "endpoint-independent", true),
            (Nat{Udp::open, NatRule::address_and_port_dependent, NatRule::address_and_port_dependent}));
}

TEST(NatOfTheUdpPort, SilenceMeansThatUdpIsBlocked) {
  EXPECT_EQ(found(false, "unknown", "unknown"), Nat{.udp = Udp::blocked});
}

}  // namespace
}  // namespace astral::media
