// SPDX-License-Identifier: BSD-3-Clause
// The network as a whole: how nodes find each other, how news spreads, how searches run, and that two runs of
// one seed are the same.
#include "three.hpp"

namespace astral::core {
namespace {

TEST(Bootstrap, ANodeThatIsDownIsTriedUntilItAnswers) {
  World world;
  const std::size_t a = world.add("a", knowing({World::address_of(1)}));
  world.run(20s);
  EXPECT_EQ(world.node(a).peers(), 0u);
  EXPECT_GE(world.effects_of("a", "Connect 10.0.0.1:8000"), 4u);
  EXPECT_LE(world.effects_of("a", "Connect 10.0.0.1:8000"), 8u);
  world.add("b");
  world.run(40s);
  EXPECT_EQ(world.node(a).supernode_links(), 1u);
  EXPECT_TRUE(world.node(a).find_node("b"));
  EXPECT_TRUE(world.node(1).find_node("a"));
}

// Its own address is in its settings: the node connects to itself once and then knows it.
TEST(Bootstrap, ANodeDoesNotBecomeItsOwnSupernode) {
  Settings settings = knowing({{"10.0.0.1", 8000}});
  settings.self = {.uuid = "us", .ip_address = "10.0.0.2", .port = 8000};
  Node node(settings);
  Effects out;
  std::size_t connects = 0;
  for (Time now = 1s; now < 120s; now += 100ms) {
    Effects effects;
    node.handle(Tick{}, now, effects);
    for (const Effect &effect : effects) {
      const auto *connect = std::get_if<Connect>(&effect);
      if (connect == nullptr) continue;
      ++connects;
      node.handle(PeerConnected{.peer = connect->peer, .outbound = true, .address = "10.0.0.1"}, now, out);
      node.handle(PeerProved{.peer = connect->peer, .fingerprint = "ours"}, now, out);
      node.handle(PeerSaid{.peer = connect->peer, .message = Welcome{.node = node.self()}}, now, out);
      node.check_invariants();
    }
  }
  EXPECT_EQ(connects, 1u);
  EXPECT_EQ(node.role(), RoleState::supernode);
}

TEST(Nodes, ANodeNamedByACallIsLinked) {
  World world;
  const std::size_t a = world.add("a");
  const std::size_t b = world.add("b");
  world.run(1s);
  world.connect(a, b);
  world.run(40s);
  EXPECT_EQ(world.node(a).supernode_links(), 1u);
  EXPECT_EQ(world.node(b).supernode_links(), 1u);
}

TEST(News, SpreadsOnceAndStops) {
  World world;
  const std::size_t hub = world.add("hub");
  std::vector<std::size_t> nodes;
  for (int i = 0; i < 10; ++i)
    nodes.push_back(
        world.add("n" + std::to_string(i), knowing({World::address_of(hub), World::address_of(1)})));
  world.run(5s);
  world.publish(nodes[9], "talk");
  world.run(2s);
  for (const std::size_t node : nodes) EXPECT_TRUE(world.node(node).find_stream("talk")->streaming);
  const std::size_t before = world.traffic().count();
  world.run(2s);
  EXPECT_LE(world.traffic().count() - before, 20u);  // only heartbeats
}

TEST(Determinism, TheSameSeedGivesTheSameEffects) {
  const auto run = [](std::uint64_t seed) {
    World world;
    Settings settings = with_room(1'300'000);
    settings.seed = seed;
    world.add("p", settings);
    settings.bootstrap = {World::address_of(0)};
    for (int i = 0; i < 8; ++i) world.add("n" + std::to_string(i), settings);
    world.publish(0, "talk");
    world.run(2s);
    for (std::size_t i = 1; i < 9; ++i) world.ask(i, "talk");
    world.run(20s);
    world.kill(1);
    world.run(30s);
    return world.hash();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

// Four supernodes; publisher and viewers are children of different ones.
struct Searching : testing::Test {
  Searching() {
    for (std::size_t i = 0; i < 4; ++i)
      supers.push_back(world.add("s" + std::to_string(i), supernode({World::address_of(0)})));
    world.run(15s);
  }
  std::size_t child(const Uuid &uuid, std::size_t of, std::uint64_t room = 10'000'000) {
    Settings settings = knowing({World::address_of(of)}, Role::child);
    settings.upstream_bps = room;
    const std::size_t index = world.add(uuid, settings);
    world.run(2s);
    EXPECT_EQ(world.node(index).primary(), world.node(of).self().uuid);
    return index;
  }
  bool watch(std::size_t index, Time limit = 12s) {
    const CallId call = world.ask(index, "talk");
    world.run_until([&] { return world.answer(call) != nullptr; }, limit);
    return world.answer(call) != nullptr && world.answer(call)->has_value();
  }
  std::size_t owner_of(const Slug &slug) const {
    std::size_t owner = supers[0];
    const auto far = [&](std::size_t i) { return key_of("s" + std::to_string(i)) ^ key_of(slug); };
    for (const std::size_t i : supers)
      if (far(i) < far(owner)) owner = i;
    return owner;
  }
  World world;
  std::vector<std::size_t> supers;
};

TEST_F(Searching, SupernodesKnowEachOther) {
  for (const std::size_t i : supers) EXPECT_EQ(world.node(i).supernode_links(), 3u);
}

TEST_F(Searching, EndsAtTheOwnSupernodeWhenTwoOfItsChildrenHaveRoom) {
  const std::size_t p = child("p", 1);
  const std::size_t r = child("r", 1);
  const std::size_t v = child("v", 1);
  world.publish(p, "talk");
  world.run(1s);
  EXPECT_TRUE(watch(r));
  world.run(1s);
  EXPECT_TRUE(watch(v));
  EXPECT_GE(world.sent_by_any("find talk for v at home"), 1u);
  EXPECT_EQ(world.sent_by_any("find talk for v at key owner"), 0u);
  EXPECT_EQ(world.sent_by_any("find talk for v at carrier"), 0u);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

TEST_F(Searching, GoesToTheKeyOwnerAndFromThereToACarrier) {
  const std::size_t owner = owner_of("talk");
  const std::size_t home = (owner + 1) % 4;
  const std::size_t p = child("p", home);
  const std::size_t v = child("v", (owner + 2) % 4);
  world.publish(p, "talk");
  world.run(1s);
  EXPECT_TRUE(watch(v));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
  EXPECT_TRUE(world.node(v).find_stream("talk"));  // the offer describes its stream
  EXPECT_EQ(world.sent_by_any("find talk for v at key owner"), 1u);
  EXPECT_EQ(world.sent_by_any("find talk for v at carrier"), 1u);
}

TEST_F(Searching, TheCopiesAnswerWhenTheKeyOwnerIsLost) {
  const std::size_t owner = owner_of("talk");
  const std::size_t p = child("p", (owner + 1) % 4);
  const std::size_t v = child("v", (owner + 2) % 4);
  world.publish(p, "talk");
  world.run(1s);
  world.kill(owner);
  world.run(1s);
  EXPECT_TRUE(watch(v));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

TEST_F(Searching, SaysWhetherThereIsNoStreamOrNoRoom) {
  const std::size_t p = child("p", 1, 100'000);  // less than one child
  const std::size_t v = child("v", 2);
  world.publish(p, "talk");
  world.run(1s);
  const CallId full = world.ask(v, "talk");
  const CallId unknown = world.ask(v, "other");
  world.run(12s);
  EXPECT_EQ(world.answer(full)->error().code, Code::no_room);
  EXPECT_EQ(world.answer(unknown)->error().code, Code::not_found);
}

TEST_F(Searching, FindsTheStreamOfASupernode) {
  world.publish(supers[3], "talk");
  const std::size_t v = child("v", 1);
  EXPECT_TRUE(watch(v));
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"s3", "v"}));
  EXPECT_TRUE(watch(supers[0]));
}

TEST_F(Searching, AStreamThatEndedIsNotFound) {
  const std::size_t p = child("p", 1);
  const std::size_t v = child("v", 2);
  world.publish(p, "talk");
  world.run(1s);
  world.call(p, DeleteStream{.call = 0, .slug = "talk"});
  world.run(1s);
  const CallId call = world.ask(v, "talk");
  world.run(12s);
  EXPECT_EQ(world.answer(call)->error().code, Code::not_found);
}

TEST_F(Searching, ANodeSeedsAChildOfAnotherSupernode) {
  const std::size_t p = child("p", 1);
  const std::size_t v = child("v", 2);
  world.publish(p, "talk");
  world.run(1s);
  const CallId call = world.call(p, AskTicket{.call = 0, .slug = "talk", .destination = "v"});
  EXPECT_TRUE(world.run_until([&] { return world.answer(call) != nullptr; }, 10s));
  EXPECT_TRUE(world.answer(call)->has_value());
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

// A pause and an end reach every node that carries the stream, whichever supernode it belongs to.
TEST_F(Searching, APauseAndAnEndReachEveryNodeThatCarriesTheStream) {
  std::vector<std::size_t> nodes{child("p", 1, 1'300'000)};
  world.publish(nodes[0], "talk");
  world.run(1s);
  for (std::size_t i = 0; i < 10; ++i) {
    nodes.push_back(child("v" + std::to_string(i), i % 4, 1'300'000));
    EXPECT_TRUE(watch(nodes.back())) << i;
  }
  world.call(nodes[0], SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  world.run(1s);
  for (const std::size_t node : nodes) EXPECT_FALSE(world.node(node).find_stream("talk")->streaming) << node;
  world.call(nodes[0], SetStreaming{.call = 0, .slug = "talk", .streaming = true});
  world.run(1s);
  for (const std::size_t node : nodes) {
    EXPECT_TRUE(world.node(node).find_stream("talk")->streaming) << node;
    EXPECT_FALSE(world.chain(node, "talk").empty());
  }
  world.call(nodes[0], DeleteStream{.call = 0, .slug = "talk"});
  world.run(1s);
  for (const std::size_t node : nodes) {
    EXPECT_FALSE(world.node(node).find_stream("talk")) << node;
    EXPECT_FALSE(world.node(node).has_media("talk")) << node;
    EXPECT_TRUE(world.node(node).tickets("talk").empty()) << node;
  }
}

}  // namespace
}  // namespace astral::core
