// SPDX-License-Identifier: BSD-3-Clause
// An origin as a supernode: it carries the signalling of nodes that nobody can reach, and no media. Its
// children leave it as soon as another supernode has room.
#include <algorithm>

#include "three.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

struct AnOrigin : testing::Test {
  explicit AnOrigin(std::uint32_t capacity = 100) {
    Settings settings;
    settings.capacity = capacity;
    o = world.add("o", of_origin(settings));
  }
  static Settings at_the_origin(Role role = Role::automatic, std::uint32_t capacity = 100) {
    Settings settings;
    settings.role = role;
    settings.capacity = capacity;
    settings.has_origin = true;
    settings.origin_at = World::address_of(0);
    return settings;
  }
  std::size_t home(const Uuid &uuid) {  // nobody can reach it
    const std::size_t index = world.add(uuid, at_the_origin());
    world.reachable(index, false);
    return index;
  }
  Uuid primary(std::size_t index) { return world.node(index).primary(); }
  bool becomes(std::size_t index, RoleState role, Time within) {
    return world.run_until([&] { return world.node(index).role() == role; }, within);
  }
  bool moves(std::size_t index, const Uuid &to, Time within) {
    return world.run_until([&] { return primary(index) == to; }, within);
  }
  World world;
  std::size_t o;
};

TEST_F(AnOrigin, CarriesTheSignallingOfHomesThatNobodyCanReach) {
  const std::size_t p = home("p");
  const std::size_t v = home("v");
  world.run(10s);
  EXPECT_EQ(primary(p), "o");
  EXPECT_EQ(primary(v), "o");
  world.publish(p, "talk");
  world.run(1s);
  world.ask(v, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.flows(v, "talk"); }, 5s));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  world.publish(v, "back");
  world.run(1s);
  world.ask(p, "back");
  EXPECT_TRUE(world.run_until([&] { return world.flows(p, "back"); }, 5s));
  world.run(600s);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  for (const char *effect : {"OpenMedia", "AddSource", "TellRelay"})
    EXPECT_EQ(world.effects_of("o", effect), 0u) << effect;
}

TEST_F(AnOrigin, TakesNoPlayerAndNoPublisher) {
  const std::size_t player = world.element(o);
  EXPECT_EQ(world.effects_of("o", "Disconnect"), 1u);
  EXPECT_FALSE(world.at(player).connected);
}

TEST_F(AnOrigin, DoesNotRelayAndCannotBeSeeded) {
  const std::size_t p = home("p");
  const std::size_t v = home("v");
  for (const std::size_t index : {p, v})
    world.step(index, NatKnown{.udp_port = 8000,
                               .nat = {.udp = Udp::behind_nat,
                                       .mapping = NatRule::address_and_port_dependent,
                                       .filtering = NatRule::address_and_port_dependent}});
  world.run(10s);
  world.publish(p, "talk");
  world.run(1s);
  const CallId watch = world.call(v, AskTicket{.slug = "talk", .until_media = true});
  const CallId seed = world.call(p, AskTicket{.slug = "talk", .destination = "o"});
  EXPECT_TRUE(world.run_until([&] { return world.answer(watch) != nullptr; }, 30s));
  ASSERT_FALSE(world.answer(watch)->has_value());
  const std::string why = world.answer(watch)->error().detail;
  EXPECT_NE(why.find("astralctl doctor"), std::string::npos) << why;
  ASSERT_NE(world.answer(seed), nullptr);
  EXPECT_FALSE(world.answer(seed)->has_value());
  EXPECT_EQ(world.effects_of("o", "OpenMedia"), 0u);
}

TEST_F(AnOrigin, TheFirstThatCanBeReachedBecomesASupernodeAtOnce) {
  const std::size_t a = world.add("a", at_the_origin());
  EXPECT_TRUE(becomes(a, RoleState::supernode, 1s));
  world.run(1s);
  EXPECT_EQ(world.node(o).self().children, 0u);
  EXPECT_EQ(world.node(o).supernode_links(), 1u);
  EXPECT_EQ(world.sent_by_any("probed reached"), 1u);
  world.run(3600s);  // a link to an origin is no reason to step down
  EXPECT_EQ(world.node(a).role(), RoleState::supernode);
}

TEST_F(AnOrigin, OfManyThatComeAtOnceOneBecomesASupernode) {
  for (int i = 0; i < 30; ++i) world.add("n" + std::to_string(i), at_the_origin());
  world.run(60s);
  EXPECT_EQ(world.supernodes().size(), 2u);  // one of them is the origin
  EXPECT_EQ(world.node(o).self().children, 0u);
}

TEST_F(AnOrigin, ItsChildrenMoveToASupernodeThatComes) {
  const std::size_t p = home("p");
  const std::size_t v = home("v");
  world.run(10s);
  world.publish(p, "talk");
  world.run(1s);
  world.ask(v, "talk");
  ASSERT_TRUE(world.run_until([&] { return world.flows(v, "talk"); }, 5s));
  const TicketId ticket = world.node(v).find_ticket("talk", {})->id;
  world.watch = [&](std::size_t, const Effects &) {  // they always have a supernode
    EXPECT_EQ(world.node(p).role(), RoleState::child);
    EXPECT_EQ(world.node(v).role(), RoleState::child);
  };
  world.add("s", at_the_origin());
  EXPECT_TRUE(moves(p, "s", 15s));
  EXPECT_TRUE(moves(v, "s", 15s));
  world.run(120s);
  EXPECT_EQ(world.node(o).self().children, 0u);
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
  EXPECT_TRUE(world.flows(v, "talk"));
}

TEST_F(AnOrigin, ANodeAsksItOnlyIfNoOtherSupernodeHasRoom) {
  world.add("s", at_the_origin(Role::supernode));
  world.run(5s);
  const std::size_t h = home("h");
  EXPECT_TRUE(moves(h, "s", 5s));
  EXPECT_EQ(world.node(o).self().children, 0u);
}

TEST_F(AnOrigin, KeepsAChildThatNoOtherSupernodeTakesAndTheChildAsksSeldom) {
  world.add("s", at_the_origin(Role::supernode, 1));
  world.run(5s);
  const std::size_t h1 = home("h1");
  ASSERT_TRUE(moves(h1, "s", 5s));
  const std::size_t h2 = home("h2");
  ASSERT_TRUE(moves(h2, "o", 20s));
  const std::size_t before = world.sent("h2", "register");
  world.run(1800s);
  EXPECT_EQ(primary(h2), "o");
  EXPECT_LE(world.sent("h2", "register") - before, 12u);
  EXPECT_GE(world.sent("h2", "register") - before, 5u);
  world.kill(h1);
  EXPECT_TRUE(moves(h2, "s", 400s));
}

TEST_F(AnOrigin, AChildThatCanBeReachedBecomesASupernodeWhenTheOthersAreFull) {
  const std::size_t s = world.add("s", at_the_origin(Role::supernode, 1));
  world.run(5s);
  const std::size_t h1 = home("h1");
  ASSERT_TRUE(moves(h1, "s", 5s));
  const std::size_t a = world.add("a", at_the_origin());
  EXPECT_TRUE(becomes(a, RoleState::supernode, 60s));
  EXPECT_EQ(world.node(s).self().children, 1u);
}

TEST_F(AnOrigin, WhoOpensAPortBecomesASupernode) {
  const std::size_t h = home("h");
  world.run(30s);
  ASSERT_EQ(primary(h), "o");
  EXPECT_EQ(world.node(h).role(), RoleState::child);
  world.reachable(h, true);
  EXPECT_TRUE(becomes(h, RoleState::supernode, 90s));
}

TEST_F(AnOrigin, WhenItIsAwayEachHomeIsANetworkOfOneUntilItIsBack) {
  const std::size_t h1 = home("h1");
  const std::size_t h2 = home("h2");
  world.run(10s);
  world.kill(o);
  EXPECT_TRUE(becomes(h1, RoleState::supernode, 20s));
  EXPECT_TRUE(becomes(h2, RoleState::supernode, 20s));
  world.run(60s);
  world.restart(o);
  EXPECT_TRUE(moves(h1, "o", 60s));
  EXPECT_TRUE(moves(h2, "o", 60s));
}

TEST_F(AnOrigin, AStreamBetweenItsChildrenGoesOnWithoutIt) {
  const std::size_t p = home("p");
  const std::size_t v = home("v");
  world.run(10s);
  world.publish(p, "talk");
  world.run(1s);
  world.ask(v, "talk");
  ASSERT_TRUE(world.run_until([&] { return world.flows(v, "talk"); }, 5s));
  const TicketId ticket = world.node(v).find_ticket("talk", {})->id;
  world.kill(o);
  world.run(300s);  // longer than a ticket lives without heartbeats
  EXPECT_TRUE(world.flows(v, "talk"));
  world.restart(o);
  world.run(120s);
  EXPECT_TRUE(world.flows(v, "talk"));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
  EXPECT_EQ(primary(p), "o");
  EXPECT_EQ(primary(v), "o");
}

TEST_F(AnOrigin, ThatDoesNotCarrySignallingIsNoHindrance) {
  world.kill(o);
  const std::size_t h = home("h");
  EXPECT_TRUE(becomes(h, RoleState::supernode, 10s));
}

struct ASmallOrigin : AnOrigin {
  ASmallOrigin() : AnOrigin(1) {}
};

TEST_F(ASmallOrigin, TakesNoMoreChildrenThanItsCapacity) {
  const std::size_t h1 = home("h1");
  world.run(10s);
  const std::size_t h2 = home("h2");
  world.run(60s);
  EXPECT_EQ(primary(h1), "o");
  EXPECT_EQ(world.node(h2).role(), RoleState::seeking);  // nobody can reach it, so it is no supernode
  EXPECT_EQ(world.node(o).self().children, 1u);
  const std::size_t s = world.add("s", at_the_origin());
  EXPECT_TRUE(becomes(s, RoleState::supernode, 60s));
  EXPECT_TRUE(moves(h1, "s", 60s));
  EXPECT_TRUE(moves(h2, "s", 60s));
}

// An origin alone, whose inputs the test makes.
struct ByHand : testing::Test {
  ByHand() { say(Tick{}); }
  static Settings settings() {
    Settings settings;
    settings.self = {.uuid = "o", .ip_address = "192.0.2.1", .port = 4567};
    return of_origin(settings);
  }
  void say(const Input &input) {
    effects.clear();
    node.handle(input, now, effects);
    node.check_invariants();
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  std::size_t count(const std::string &line) const {
    return static_cast<std::size_t>(std::count_if(effects.begin(), effects.end(), [&](const Effect &effect) {
      return text(effect).starts_with(line);
    }));
  }
  bool said(const std::string &line) const { return count(line) > 0; }
  void child(PeerId peer, const Uuid &uuid) {
    say(PeerConnected{.peer = peer, .outbound = false, .address = "198.51.100.9"});
    say(PeerProved{.peer = peer, .fingerprint = uuid});
    hears(peer, Hello{.node = {.uuid = uuid, .ip_address = "10.0.0.9", .port = 8000}});
    hears(peer, Register{});
  }
  Node node{settings()};
  Time now = 1s;
  Effects effects;
};

TEST_F(ByHand, NewsForAllChildrenAreBounded) {
  constexpr std::size_t children = 50;
  for (PeerId peer = 1; peer <= children; ++peer) child(peer, "n" + std::to_string(peer));
  std::uint64_t version = 0;
  const auto told = [&] {  // a child changes its stream as often as it likes
    std::size_t messages = 0;
    for (int i = 0; i < 1000; ++i) {
      hears(1, Streams{.streams = {{.slug = "talk", .name = "talk", .source = "n1", .updated = ++version}}});
      messages += count("Send ");
    }
    return messages;
  };
  const std::size_t most = origin_news_per_second * (origin_news_burst / 1s);
  const std::size_t first = told();
  EXPECT_GE(first, most - most / children);  // not to the one that said it
  EXPECT_LE(first, most);
  now += 1s;
  EXPECT_LE(told(), origin_news_per_second);
  now += 60s;
  EXPECT_GE(told(), most - most / children);
}

// Two nodes are behind one NAT, which forwards the port to one of them.
TEST_F(ByHand, AProbeThatAnotherNodeAnswersDoesNotCount) {
  say(PeerConnected{.peer = 1, .outbound = false, .address = "198.51.100.7"});
  say(PeerProved{.peer = 1, .fingerprint = "a"});
  hears(1, Hello{.node = {.uuid = "a", .ip_address = "10.0.0.9", .port = 8000}});
  hears(1, Register{});
  hears(1, Probe{});
  ASSERT_TRUE(said("Connect 198.51.100.7:8000"));  // where it comes from, not what it says
  const PeerId probe = std::get<Connect>(effects.back()).peer;
  hears(1, Probe{});
  EXPECT_FALSE(said("Connect"));  // one at a time
  say(PeerConnected{.peer = probe, .outbound = true, .address = "198.51.100.7"});
  say(PeerProved{.peer = probe, .fingerprint = "b"});
  hears(probe, Welcome{.node = {.uuid = "b", .ip_address = "10.0.0.8", .port = 8000}});
  EXPECT_TRUE(said("Send 1 probed not reached"));
  EXPECT_FALSE(said("Send 1 summon"));
  EXPECT_TRUE(node.find_node("a"));
  hears(1, Probe{});
  const PeerId again = std::get<Connect>(effects.back()).peer;
  say(PeerConnected{.peer = again, .outbound = true, .address = "198.51.100.7"});
  say(PeerProved{.peer = again, .fingerprint = "a"});
  hears(again, Welcome{.node = {.uuid = "a", .ip_address = "10.0.0.9", .port = 8000}});
  EXPECT_TRUE(said("Send 1 probed reached"));
  EXPECT_TRUE(said("Send 1 summon"));
}

}  // namespace
}  // namespace astral::core
