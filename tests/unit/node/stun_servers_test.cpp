// SPDX-License-Identifier: BSD-3-Clause
#include "node/stun_servers.hpp"

#include <gtest/gtest.h>

namespace astral::node {
namespace {

core::NodeInfo supernode(const char *uuid, const char *host, std::optional<std::uint32_t> rtt_ms = {}) {
  return {
      .uuid = uuid, .ip_address = host, .port = 8000, .supernode = true, .udp_port = 8000, .rtt_ms = rtt_ms};
}

std::string asked(const StunChoice &choice) {
  std::string text;
  for (const StunServer &server : choice.asked) text += server.text() + " ";
  return text + "third " + (choice.third ? choice.third->text() : "none");
}

const core::NodeInfo self{.uuid = "me", .ip_address = "10.0.0.9", .port = 8000, .primary = "s1"};
const StunServer origin{"198.51.100.9", 4567, 4567};

TEST(StunServers, ThePrimaryIsAskedFirstThenTheNearestThenTheOrigin) {
  EXPECT_EQ(asked(choose_stun_servers({}, self, {}, {})), "third none");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {}, {origin})), "198.51.100.9:4567 third none");
  const auto s1 = supernode("s1", "198.51.100.1"), far = supernode("s2", "198.51.100.2", 80),
             near = supernode("s3", "198.51.100.3", 8);
  EXPECT_EQ(asked(choose_stun_servers({}, self, {far, near, s1}, {origin})),
            "198.51.100.1:8000 198.51.100.3:8000 third 198.51.100.2:8000");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {far, s1}, {origin})),
            "198.51.100.1:8000 198.51.100.2:8000 third 198.51.100.9:4567");
}

TEST(StunServers, WhoWasContactedCannotBeTheThird) {
  const auto s1 = supernode("s1", "198.51.100.1"), s2 = supernode("s2", "198.51.100.2", 8),
             s3 = supernode("s3", "198.51.100.3", 80);
  // The origin was asked while s2 was not known.
  EXPECT_EQ(asked(choose_stun_servers({}, self, {s1, s2}, {origin}, {"198.51.100.1", origin.host})),
            "198.51.100.1:8000 198.51.100.9:4567 third 198.51.100.2:8000");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {s1, s2, s3}, {origin}, {"198.51.100.1", origin.host})),
            "198.51.100.1:8000 198.51.100.2:8000 third 198.51.100.3:8000");
  EXPECT_EQ(
      asked(choose_stun_servers({}, self, {s1, s2}, {origin}, {"198.51.100.1", "198.51.100.2", origin.host})),
      "198.51.100.1:8000 198.51.100.2:8000 third 198.51.100.1:8000");
  const StunServer given{"192.0.2.1", 3478};
  EXPECT_EQ(asked(choose_stun_servers({given}, self, {s1}, {origin}, {origin.host})),
            "192.0.2.1:3478 198.51.100.9:4567 third 198.51.100.1:8000");
}

TEST(StunServers, AServerOfAFamilyThatThisNodeLacksIsNotAsked) {
  core::NodeInfo of_ipv6 = self;
  of_ipv6.families = {.ipv6 = true};
  const auto s1 = supernode("s1", "198.51.100.1"), s2 = supernode("s2", "2001:4860::1");
  EXPECT_EQ(asked(choose_stun_servers({}, of_ipv6, {s1, s2}, {origin})), "[2001:4860::1]:8000 third none");
  EXPECT_EQ(asked(choose_stun_servers({}, of_ipv6, {s1}, {origin})), "third none");
}

TEST(StunServers, OfTwoServersOneIsTheThird) {
  const auto s1 = supernode("s1", "198.51.100.1");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {s1}, {origin})),
            "198.51.100.1:8000 198.51.100.9:4567 third 198.51.100.1:8000");
  const StunServer given{"192.0.2.1", 3478}, other{"192.0.2.2", 3478};
  EXPECT_EQ(asked(choose_stun_servers({given}, self, {s1}, {})),
            "192.0.2.1:3478 198.51.100.1:8000 third 198.51.100.1:8000");
  EXPECT_EQ(asked(choose_stun_servers({given, other}, self, {}, {})),
            "192.0.2.1:3478 192.0.2.2:3478 third none");
}

TEST(StunServers, WhatWasGivenComesFirstAndIsNeverAskedOverHttp) {
  const StunServer given{"192.0.2.1", 3478}, other{"192.0.2.2", 3478}, more{"192.0.2.3", 3478};
  const auto s1 = supernode("s1", "198.51.100.1");
  EXPECT_EQ(asked(choose_stun_servers({given}, self, {s1}, {origin})),
            "192.0.2.1:3478 198.51.100.1:8000 third 198.51.100.9:4567");
  EXPECT_EQ(asked(choose_stun_servers({given, other, more}, self, {}, {origin})),
            "192.0.2.1:3478 192.0.2.2:3478 third 198.51.100.9:4567");
}

TEST(StunServers, ANodeWithoutAUdpPortIsNotAsked) {
  core::NodeInfo without = supernode("s1", "198.51.100.1");
  without.udp_port = 0;
  EXPECT_EQ(asked(choose_stun_servers({}, self, {without}, {origin})), "198.51.100.9:4567 third none");
}

TEST(StunServers, OnlyAServerThatIsKnownToAnswerTellsThatUdpIsBlocked) {
  EXPECT_FALSE(choose_stun_servers({}, self, {}, {origin}).silence_means_blocked);
  EXPECT_TRUE(
      choose_stun_servers({}, self, {supernode("s1", "198.51.100.1")}, {origin}).silence_means_blocked);
  EXPECT_TRUE(choose_stun_servers({{"192.0.2.1", 3478}}, self, {}, {origin}).silence_means_blocked);
}

TEST(StunServers, TheThirdServerIsAskedAtItsHttpPort) {
  core::NodeInfo other = supernode("s3", "198.51.100.3");
  other.port = 8080;
  const StunChoice choice = choose_stun_servers(
      {}, self, {supernode("s1", "198.51.100.1"), supernode("s2", "198.51.100.2"), other}, {});
  ASSERT_TRUE(choice.third);
  EXPECT_EQ(choice.third->http_port, 8080);
  EXPECT_EQ(choice.third->port, 8000);
}

TEST(StunServers, OneMachineCountsOnce) {
  const auto a = supernode("s1", "198.51.100.1"), b = supernode("s2", "198.51.100.1");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {a, b}, {})), "198.51.100.1:8000 third none");
}

TEST(StunServers, OthersThanSupernodesAndOurselvesAreNotAsked) {
  core::NodeInfo plain = supernode("n", "198.51.100.5");
  plain.supernode = false;
  EXPECT_EQ(
      asked(choose_stun_servers({}, self, {plain, supernode("me", "198.51.100.6"), supernode("x", "")}, {})),
      "third none");
}

TEST(StunServers, APrivateServerIsAskedOnlyIfThereIsNoOther) {
  const auto home = supernode("s1", "192.168.1.2"), out = supernode("s2", "198.51.100.2");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {home, out}, {})), "198.51.100.2:8000 third none");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {home}, {})), "192.168.1.2:8000 third none");
}

TEST(StunServers, AllAreOfOneFamily) {
  const auto six = supernode("s1", "2001:db8::1"), four = supernode("s2", "198.51.100.2"),
             more = supernode("s3", "2001:db8::3");
  EXPECT_EQ(asked(choose_stun_servers({}, self, {six, four, more}, {})),
            "[2001:db8::1]:8000 [2001:db8::3]:8000 third [2001:db8::1]:8000");
}

}  // namespace
}  // namespace astral::node
