// SPDX-License-Identifier: BSD-3-Clause
// Two nodes without a direct path: a third one is recruited to take the stream and to feed the viewer.
#include <algorithm>

#include "three.hpp"

namespace astral::core {
namespace {

constexpr Nat open{.udp = Udp::open};
constexpr Nat full_cone{.udp = Udp::behind_nat,
                        .mapping = NatRule::endpoint_independent,
                        .filtering = NatRule::endpoint_independent};
constexpr Nat port_restricted{.udp = Udp::behind_nat,
                              .mapping = NatRule::endpoint_independent,
                              .filtering = NatRule::address_and_port_dependent};
constexpr Nat symmetric{.udp = Udp::behind_nat,
                        .mapping = NatRule::address_and_port_dependent,
                        .filtering = NatRule::address_and_port_dependent};
constexpr Nat blocked{.udp = Udp::blocked};
constexpr Nat forwarded_symmetric{.udp = Udp::open,
                                  .mapping = NatRule::address_and_port_dependent,
                                  .filtering = NatRule::address_and_port_dependent};

// `p` publishes and `v` watches; both are children of the supernode `s`.
struct Homes : testing::Test {
  explicit Homes(const Settings &of_s = supernode()) : s(add("s", of_s, open)) {}
  std::size_t add(const Uuid &uuid, Settings settings, const Nat &nat, bool known = true) {
    if (known) settings.self.nat = nat;
    const std::size_t index = world.add(uuid, settings);
    world.nat(index, nat);
    return index;
  }
  Settings child(std::size_t of) const { return knowing({World::address_of(of)}, Role::child); }
  void join(const Nat &publisher, const Nat &viewer, bool known = true) {
    p = add("p", child(s), publisher, known);
    v = add("v", child(s), viewer, known);
    publish();
  }
  void publish() {
    world.run(1s);
    world.publish(p, "talk");
    world.run(1s);
  }
  Settings child_with_turn() const {
    Settings settings = child(s);
    settings.self.turn = true;
    return settings;
  }
  const Expected<Answered> &watched() {
    const CallId call = world.call(v, AskTicket{.slug = "talk", .until_media = true});
    EXPECT_TRUE(world.run_until([&] { return world.answer(call) != nullptr; }, 30s));
    return *world.answer(call);
  }
  std::string trouble() { return world.node(v).find_ticket("talk", {})->reason; }

  World world;
  std::size_t s, p = 0, v = 0;
};

TEST_F(Homes, NodesThatHaveAPathNeedNoRelay) {
  join(port_restricted, port_restricted);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_FALSE(world.node(s).has_media("talk"));
}

TEST_F(Homes, TheSupernodeRelaysBetweenNodesThatAreKnownToHaveNoPath) {
  join(symmetric, port_restricted);
  const Time asked = world.now();
  EXPECT_TRUE(watched());
  EXPECT_LE(world.now() - asked, 1s);
  EXPECT_TRUE(world.flows(v, "talk"));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
  EXPECT_EQ(world.sent("v", "confirm"), 1u);  // to the relay; the publisher was not tried
}

TEST_F(Homes, TheViewerHearsWhyItsStreamIsRelayed) {
  join(symmetric, symmetric);
  world.play(v, "talk");
  world.run_until([&] { return world.node(v).find_ticket("talk", {}).has_value(); });
  EXPECT_EQ(trouble(), "no path to p: both behind symmetric NATs; asked s to relay");
  world.run(2s);
  const auto ticket = world.node(v).find_ticket("talk", {});
  EXPECT_EQ(ticket->reason, "");
  EXPECT_TRUE(ticket->confirmed);
}

TEST_F(Homes, ALocalPlayerHearsWhatKeepsItsMediaFromComing) {
  join(symmetric, symmetric);
  const std::size_t player = world.play(v, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.last_of(player, "refusal").has_value(); }));
  EXPECT_NE(world.last_of(player, "refusal")->find("no-path"), std::string::npos);
  EXPECT_TRUE(world.run_until([&] { return world.last_of(player, "offer").has_value(); }));
}

TEST_F(Homes, WithoutKnowledgeOfTheNatsTheLinkFailsFirstAndThenTheSupernodeRelays) {
  join(symmetric, symmetric, false);
  const Time asked = world.now();
  EXPECT_TRUE(watched());
  EXPECT_LE(world.now() - asked, world.ice_patience + 2s);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
}

TEST_F(Homes, AFailedPairIsNotTriedAgainForMinutes) {
  join(symmetric, symmetric, false);
  EXPECT_TRUE(watched());
  const std::size_t tried = world.sent("p", "offer");
  world.run(60s);  // searches for a standby
  EXPECT_EQ(world.sent("p", "offer"), tried);
}

TEST_F(Homes, AStreamThatIsRelayedForNobodyIsGivenUp) {
  join(symmetric, symmetric);
  EXPECT_TRUE(watched());
  world.call(v, RevokeTicket{.slug = "talk"});
  world.run(10s);
  EXPECT_TRUE(world.node(s).has_media("talk"));
  world.run(60s);
  EXPECT_FALSE(world.node(s).has_media("talk"));
  EXPECT_EQ(world.node(p).fed_children(), 0u);
}

TEST_F(Homes, ASecondViewerIsFedByTheRelayThatIsThere) {
  join(symmetric, symmetric);
  EXPECT_TRUE(watched());
  const std::size_t w = add("w", child(s), symmetric);
  world.run(1s);
  world.ask(w, "talk");
  world.run(2s);
  EXPECT_EQ(world.chain(w, "talk"), (Chain{"p", "s", "w"}));
  EXPECT_EQ(world.node(p).fed_children(), 1u);
}

TEST_F(Homes, AViewersTurnServerSparesTheRelay) {
  p = add("p", child(s), symmetric);
  v = add("v", child_with_turn(), symmetric);
  publish();
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_TRUE(world.flows(v, "talk"));
  EXPECT_EQ(trouble(), "");
}

TEST_F(Homes, APublishersTurnServerSparesTheRelay) {
  p = add("p", child_with_turn(), symmetric);
  v = add("v", child(s), port_restricted);
  publish();
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_FALSE(world.node(s).has_media("talk"));
}

TEST_F(Homes, ATurnServerIsOfNoUseToTheOtherEndWhereUdpIsBlocked) {
  p = add("p", child_with_turn(), symmetric);
  v = add("v", child(s), blocked);
  publish();
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
  EXPECT_EQ(world.sent("p", "offer"), 1u);  // to the relay
}

TEST_F(Homes, WhereUdpIsBlockedANodesOwnTurnServerIsTried) {
  p = add("p", child(s), symmetric);
  v = add("v", child_with_turn(), blocked);
  publish();
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

TEST_F(Homes, ANodeWithADirectPathIsPreferredToOneThroughATurnServer) {
  p = add("p", child(s), symmetric);
  const std::size_t w = add("w", child(s), full_cone);
  v = add("v", child_with_turn(), symmetric);
  publish();
  world.ask(w, "talk");
  world.run(2s);
  ASSERT_EQ(world.chain(w, "talk"), (Chain{"p", "w"}));
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "w", "v"}));
}

// Homes whose UDP is blocked reach the supernode over TCP.
struct BlockedUdp : Homes, testing::WithParamInterface<std::pair<Nat, Nat>> {};

TEST_P(BlockedUdp, TheSupernodeRelaysOverTcp) {
  join(GetParam().first, GetParam().second);
  const Time asked = world.now();
  EXPECT_TRUE(watched());
  EXPECT_LE(world.now() - asked, 1s);
  EXPECT_TRUE(world.flows(v, "talk"));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
  EXPECT_EQ(world.sent("v", "confirm"), 1u);
}

INSTANTIATE_TEST_SUITE_P(PublisherAndViewer, BlockedUdp,
                         testing::Values(std::pair(open, blocked), std::pair(port_restricted, blocked),
                                         std::pair(symmetric, blocked), std::pair(blocked, open),
                                         std::pair(blocked, port_restricted), std::pair(blocked, symmetric),
                                         std::pair(blocked, blocked)));

TEST_F(Homes, TheSupernodeRelaysToAViewerThatAnybodyCanReachIfNoLinkCameUp) {
  p = add("p", child(s), blocked, false);
  v = add("v", child(s), open);
  world.run(1s);
  world.publish(p, "talk");
  world.run(1s);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
}

TEST_F(Homes, AnotherSupernodeGetsTheStreamOfAPublisherWhoseUdpIsBlocked) {
  const std::size_t s2 = add("s2", supernode({World::address_of(s)}), open);
  world.run(2s);
  p = add("p", child(s), blocked);
  v = add("v", child(s2), port_restricted);
  world.run(2s);
  world.publish(p, "talk");
  world.run(2s);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk").size(), 3u);
}

TEST_F(Homes, APublisherThatNobodyCanReachFeedsARelayInAnotherPartOfTheNetwork) {
  const std::size_t s2 = add("s2", supernode({World::address_of(s)}), open);
  world.run(2s);
  p = add("p", child(s), symmetric);
  v = add("v", child(s2), symmetric);
  world.run(2s);
  world.publish(p, "talk");
  world.run(2s);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk").size(), 3u);
}

// The supernode's upstream is used up, so a child that anybody can reach relays.
Settings narrow_supernode() {
  Settings settings = supernode();
  settings.upstream_bps = 1000;
  return settings;
}
struct Narrow : Homes {
  Narrow() : Homes(narrow_supernode()) {}
};

TEST_F(Narrow, AChildThatAnybodyCanReachRelaysWhenTheSupernodeHasNoRoom) {
  const std::size_t c = add("c", child(s), open);
  join(symmetric, symmetric);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "c", "v"}));
  EXPECT_FALSE(world.node(s).has_media("talk"));
  EXPECT_TRUE(world.node(c).has_media("talk"));
}

// A child cannot get the stream over TCP from a publisher at home, so asking one would not help.
TEST_F(Narrow, WhereUdpIsBlockedAChildDoesNotRelay) {
  const std::size_t c = add("c", child(s), open);
  join(blocked, port_restricted);
  world.ask(v, "talk");
  world.run(5s);
  EXPECT_FALSE(world.node(c).has_media("talk"));
  EXPECT_FALSE(world.flows(v, "talk"));
}

// As a consumer, which the relay of a symmetric publisher is, it has no port that strangers reach.
TEST_F(Narrow, AChildOfWhichOnlyOnePortIsForwardedDoesNotRelay) {
  const std::size_t c = add("c", child(s), forwarded_symmetric);
  join(port_restricted, symmetric);
  const auto &answer = watched();
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().detail.find("no node that both can reach has room to relay"), std::string::npos);
  EXPECT_FALSE(world.node(c).has_media("talk"));
}

TEST_F(Narrow, AViewerOfWhichOnlyOnePortIsForwardedNeedsARelayLikeOthersBehindItsNat) {
  add("c", child(s), open);
  join(symmetric, forwarded_symmetric);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "c", "v"}));
}

// The link of a viewer that anybody can reach fails only at the publisher's end, so another one's would too.
TEST_F(Narrow, AViewerThatAnybodyCanReachIsNotHelpedByAChild) {
  const std::size_t c = add("c", child(s), open);
  p = add("p", child(s), blocked, false);
  v = add("v", child(s), open);
  world.run(1s);
  world.publish(p, "talk");
  world.run(1s);
  watched();  // the publisher is asked again and again
  EXPECT_FALSE(world.node(v).find_ticket("talk", {})->confirmed);
  EXPECT_FALSE(world.flows(v, "talk"));
  EXPECT_GT(world.sent("p", "offer"), 0u);
  EXPECT_FALSE(world.node(c).has_media("talk"));
}

TEST_F(Narrow, AChildThatMayNotBeSeededDoesNotRelay) {
  Settings mine = child(s);
  mine.seeded_by = SeededBy::neighbours;
  const std::size_t c = add("c", mine, open);
  join(symmetric, symmetric);
  world.ask(v, "talk");
  world.run(5s);
  EXPECT_FALSE(world.node(c).has_media("talk"));
}

TEST_F(Narrow, WithoutARelayTheViewerHearsThatOneIsMissing) {
  join(symmetric, symmetric);
  const auto &answer = watched();
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().detail.find("no node that both can reach has room to relay"), std::string::npos)
      << answer.error().detail;
}

TEST_F(Narrow, TheSupernodesAskEachOtherToRelay) {
  add("wide", supernode({World::address_of(s)}), open);
  world.run(2s);
  join(symmetric, symmetric);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "wide", "v"}));
}

Settings unwilling_supernode() {
  Settings settings = supernode();
  settings.seeded_by = SeededBy::nobody;
  return settings;
}
struct Unwilling : Homes {
  Unwilling() : Homes(unwilling_supernode()) {}
};

TEST_F(Unwilling, ASupernodeRelaysEvenIfItMayNotBeSeeded) {
  join(symmetric, symmetric);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
}

// Address families: `p` publishes and `v` watches.
constexpr Families ipv4{.ipv4 = true}, ipv6{.ipv6 = true}, dual{.ipv4 = true, .ipv6 = true};

Settings having(Settings settings, const Families &families) {
  settings.self.families = families;
  return settings;
}

struct FamiliesOf : Homes {
  explicit FamiliesOf(const Settings &of_s = having(supernode(), dual)) : Homes(of_s) {}
  void join(const Families &publisher, const Families &viewer, const Nat &nat = open) {
    p = add("p", having(child(s), publisher), nat);
    v = add("v", having(child(s), viewer), nat);
    publish();
  }
};

struct CommonFamily : FamiliesOf, testing::WithParamInterface<std::pair<Families, Families>> {};

TEST_P(CommonFamily, NodesThatHaveOneNeedNoRelay) {
  join(GetParam().first, GetParam().second);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_FALSE(world.node(s).has_media("talk"));
}

INSTANTIATE_TEST_SUITE_P(PublisherAndViewer, CommonFamily,
                         testing::Values(std::pair(ipv4, ipv4), std::pair(ipv6, ipv6), std::pair(dual, dual),
                                         std::pair(dual, ipv4), std::pair(ipv6, dual)));

struct NoCommonFamily : FamiliesOf,
                        testing::WithParamInterface<std::tuple<Families, Families, const char *>> {};

TEST_P(NoCommonFamily, TheSupernodeThatHasBothRelaysAndTheViewerHearsWhy) {
  const auto &[publisher, viewer, why] = GetParam();
  join(publisher, viewer);
  world.play(v, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.node(v).find_ticket("talk", {}).has_value(); }));
  EXPECT_EQ(trouble(), why);
  const Time asked = world.now();
  EXPECT_TRUE(world.run_until([&] { return world.flows(v, "talk"); }));
  EXPECT_LE(world.now() - asked, 1s);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
  EXPECT_EQ(world.sent("v", "confirm"), 1u);  // to the relay; the publisher was not tried
}

INSTANTIATE_TEST_SUITE_P(
    PublisherAndViewer, NoCommonFamily,
    testing::Values(
        std::tuple(ipv6, ipv4, "no path to p: it has IPv6 only, this node IPv4 only; asked s to relay"),
        std::tuple(ipv4, ipv6, "no path to p: it has IPv4 only, this node IPv6 only; asked s to relay")));

TEST_F(FamiliesOf, TwoDualHomesBehindSymmetricNatsHaveADirectPath) {
  join(dual, dual, symmetric);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

TEST_F(FamiliesOf, AViewersTurnServerDoesNotJoinFamilies) {
  p = add("p", having(child(s), ipv6), open);
  v = add("v", having(child_with_turn(), ipv4), open);
  publish();
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "s", "v"}));
}

struct NarrowDual : FamiliesOf {
  NarrowDual() : FamiliesOf(having(narrow_supernode(), dual)) {}
};

// The viewer's own address is open; that does not rule a child out here.
TEST_F(NarrowDual, AChildThatHasBothRelaysWhenTheSupernodeHasNoRoom) {
  add("four", having(child(s), ipv4), open);
  add("six", having(child(s), ipv6), open);
  const std::size_t c = add("c", having(child(s), dual), open);
  join(ipv6, ipv4);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "c", "v"}));
  EXPECT_TRUE(world.node(c).has_media("talk"));
}

TEST_F(NarrowDual, WithoutANodeThatHasBothTheViewerHearsWhy) {
  add("four", having(child(s), ipv4), open);
  add("six", having(child(s), ipv6), open);
  join(ipv6, ipv4);
  const auto &answer = watched();
  ASSERT_FALSE(answer);
  EXPECT_NE(
      answer.error().detail.find("no path to p: it has IPv6 only, this node IPv4 only; no node that both"),
      std::string::npos)
      << answer.error().detail;
  EXPECT_EQ(world.sent("v", "confirm"), 0u);
}

TEST_F(NarrowDual, ASupernodeWithOneFamilyIsNotAskedToRelay) {
  add("four", having(supernode({World::address_of(s)}), ipv4), open);
  add("both", having(supernode({World::address_of(s)}), dual), open);
  world.run(2s);
  join(ipv6, ipv4);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "both", "v"}));
}

// Its child that has both is in the other supernode's part of the network.
TEST_F(NarrowDual, ASupernodeWithoutRoomHasItsChildRelay) {
  Settings second = having(narrow_supernode(), dual);
  second.bootstrap = {World::address_of(s)};
  const std::size_t s2 = add("s2", second, open);
  world.run(2s);
  add("four", having(child(s2), ipv4), open);
  add("c", having(child(s2), dual), open);
  join(ipv6, ipv4);
  EXPECT_TRUE(watched());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "c", "v"}));
}

}  // namespace
}  // namespace astral::core
