// SPDX-License-Identifier: BSD-3-Clause
// Which pairs of nodes have no direct path, and for how long a failed one is remembered.
#include "core/paths.hpp"

#include <gtest/gtest.h>

#include "core/limits.hpp"

namespace astral::core {
namespace {

constexpr Nat symmetric{.udp = Udp::behind_nat,
                        .mapping = NatRule::address_and_port_dependent,
                        .filtering = NatRule::address_and_port_dependent};

struct Asked : testing::Test {
  std::string why() const { return no_path(request, {giver, nat, address}); }
  Request request{.nat = symmetric, .address = "192.0.2.1"};
  Uuid giver = "p";
  Nat nat = symmetric;
  std::string address = "192.0.2.2";
};

TEST_F(Asked, TheNatsSayThatThereIsNoPath) {
  EXPECT_EQ(why(), "both behind symmetric NATs");
  nat = {};
  EXPECT_EQ(why(), "");
}

TEST_F(Asked, NodesAtTheSameAddressMayMeetInside) {
  address = request.address;
  EXPECT_EQ(why(), "");
  address.clear();
  request.address.clear();
  EXPECT_NE(why(), "");  // nothing is known of the addresses
}

TEST_F(Asked, ASupernodeIsReachedOverTcpAndReachesOthersToo) {
  nat = {.udp = Udp::blocked};
  EXPECT_EQ(why(), "UDP is blocked at one end");
  EXPECT_EQ(no_path(request, {giver, nat, address, true}), "");
  request.asker = {.uuid = "s", .via = "s"};
  EXPECT_EQ(why(), "");
  request.unreachable = {"p"};
  EXPECT_EQ(why(), "no connection came up");
}

TEST(TcpAddress, IsKnownOfSupernodes) {
  NodeInfo node{.uuid = "n", .ip_address = "192.0.2.1", .port = 8000};
  EXPECT_EQ(tcp_address(&node), "");
  node.supernode = true;
  EXPECT_EQ(tcp_address(&node), "192.0.2.1:8000");
  node.ip_address = "2001:db8::1";
  EXPECT_EQ(tcp_address(&node), "[2001:db8::1]:8000");
  node.ip_address = "";
  EXPECT_EQ(tcp_address(&node), "");
  EXPECT_EQ(tcp_address(nullptr), "");
}

TEST_F(Asked, ANodeToWhichNoLinkCameUpHasNoPathWhateverItsNat) {
  nat = {};
  address = request.address;
  request.unreachable = {"other", "p"};
  EXPECT_EQ(why(), "no connection came up");
}

TEST_F(Asked, ATurnServerOfEitherEndIsAPath) {
  const Giver with_turn{giver, nat, address, false, true}, without{giver, nat, address};
  EXPECT_EQ(no_path(request, with_turn), "");
  EXPECT_TRUE(needs_turn(request, with_turn));
  EXPECT_FALSE(needs_turn(request, without));
  request.turn = true;
  EXPECT_EQ(no_path(request, without, Doubt::certain), "");
  request.unreachable = {"p"};
  EXPECT_EQ(no_path(request, without), "no connection came up");
}

TEST_F(Asked, ATurnServerIsNotNeededByNodesThatHaveAPath) {
  request.turn = true;
  nat = {.udp = Udp::open};
  EXPECT_FALSE(needs_turn(request, {giver, nat, address}));
  nat = symmetric;
  EXPECT_FALSE(needs_turn(request, {giver, nat, request.address}));
  EXPECT_FALSE(needs_turn(request, {giver, nat, address, true}));
}

TEST_F(Asked, WithoutDoubtOnlySymmetricNatsKeepNodesApart) {
  request.unreachable = {"p"};
  EXPECT_EQ(no_path(request, {giver, nat, address}, Doubt::certain), "both behind symmetric NATs");
  nat = {.udp = Udp::behind_nat, .mapping = NatRule::endpoint_independent};
  request.unreachable = {};
  EXPECT_NE(why(), "");
  EXPECT_EQ(no_path(request, {giver, nat, address}, Doubt::certain), "");
  nat = {.udp = Udp::blocked};
  EXPECT_EQ(no_path(request, {giver, nat, address}, Doubt::certain), "");
}

constexpr Families ipv4{.ipv4 = true}, ipv6{.ipv6 = true}, dual{.ipv4 = true, .ipv6 = true};

TEST_F(Asked, NodesWithoutACommonAddressFamilyHaveNoPathWhateverElseHelps) {
  nat = request.nat = {.udp = Udp::open};
  address = request.address;
  request.families = ipv4;
  const Giver of_ipv6{giver, nat, address, true, true, ipv6};
  EXPECT_EQ(no_path(request, of_ipv6), "it has IPv6 only, this node IPv4 only");
  EXPECT_EQ(no_path(request, of_ipv6, Doubt::certain), no_path(request, of_ipv6));
  EXPECT_FALSE(needs_turn(request, of_ipv6));
  request.families = ipv6;
  EXPECT_EQ(no_path(request, of_ipv6), "");
  EXPECT_EQ(no_path(request, {giver, nat, address, true, true, ipv4}),
            "it has IPv4 only, this node IPv6 only");
}

TEST_F(Asked, NodesThatBothHaveIpv6AreNotKeptApartByTheirNats) {
  request.families = dual;
  EXPECT_EQ(no_path(request, {giver, nat, address, false, false, dual}), "");
  EXPECT_EQ(no_path(request, {giver, nat, address, false, false, ipv4}), "both behind symmetric NATs");
  EXPECT_EQ(no_path(request, {giver, nat, address}), "both behind symmetric NATs");
  nat = {.udp = Udp::blocked};
  EXPECT_EQ(no_path(request, {giver, nat, address, false, false, dual}), "UDP is blocked at one end");
}

TEST(FailedPathsOfANode, AreRememberedForMinutesAndThenTriedAgain) {
  FailedPaths paths;
  paths.failed("p", 100s);
  EXPECT_TRUE(paths.has("p", 100s + 1min));
  EXPECT_EQ(paths.list(100s), std::vector<Uuid>{"p"});
  EXPECT_FALSE(paths.has("p", 100s + 2min));
  EXPECT_TRUE(paths.list(100s + 2min).empty());
}

TEST(FailedPathsOfANode, AreRememberedLongerEachTime) {
  FailedPaths paths;
  paths.failed("p", 100s);
  paths.failed("p", 300s);
  EXPECT_TRUE(paths.has("p", 300s + 3min));
  EXPECT_FALSE(paths.has("p", 300s + 4min));
}

TEST(FailedPathsOfANode, AreForgottenWhenALinkComesUpOrTheNetworkIsAnother) {
  FailedPaths paths;
  paths.failed("p", 100s);
  paths.failed("q", 100s);
  paths.works("p");
  EXPECT_EQ(paths.list(100s), std::vector<Uuid>{"q"});
  paths.clear();
  EXPECT_EQ(paths.size(), 0u);
}

TEST(FailedPathsOfANode, AreBoundedAndTheOldestGoesFirst) {
  FailedPaths paths;
  for (std::size_t i = 0; i <= max_failed_paths; ++i)
    paths.failed("n" + std::to_string(i), 100s + Time{1ms} * static_cast<Time::rep>(i));
  EXPECT_EQ(paths.size(), max_failed_paths);
  EXPECT_FALSE(paths.has("n0", 101s));
  EXPECT_TRUE(paths.has("n" + std::to_string(max_failed_paths), 101s));
  EXPECT_EQ(paths.list(101s).size(), max_unreachable);
}

}  // namespace
}  // namespace astral::core
