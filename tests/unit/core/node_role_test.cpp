// SPDX-License-Identifier: BSD-3-Clause
// The role of a node: with which supernode it registers, when it becomes one itself, and what happens when a
// supernode is lost.
#include "three.hpp"

namespace astral::core {
namespace {

TEST(NodeRole, ALoneNodeIsASupernodeAtOnce) {
  World world;
  const std::size_t a = world.add("a");
  EXPECT_TRUE(world.run_until([&] { return world.node(a).role() == RoleState::supernode; }, 1ms));
  EXPECT_TRUE(world.node(a).self().supernode);
  EXPECT_EQ(world.node(a).self().capacity, 100u);
  EXPECT_EQ(world.node(a).self().children, 0u);
}

TEST(NodeRole, TheSettingsFixTheRole) {
  World world;
  const std::size_t child = world.add("child", knowing({}, Role::child));
  const std::size_t super = world.add("super", supernode());
  world.run(120s);
  EXPECT_EQ(world.node(child).role(), RoleState::seeking);
  EXPECT_FALSE(world.node(child).resting());
  EXPECT_EQ(world.node(super).role(), RoleState::supernode);
}

TEST(NodeRole, AChildRegistersWithItsSupernodeUntilItIsLost) {
  World world;
  const std::size_t s = world.add("s");
  const std::size_t c = world.add("c", knowing({World::address_of(s)}));
  EXPECT_TRUE(world.run_until([&] { return world.node(c).role() == RoleState::child; }, 1s));
  EXPECT_EQ(world.node(c).primary(), "s");
  EXPECT_EQ(world.node(c).self().primary, "s");
  EXPECT_FALSE(world.node(c).self().supernode);
  world.run(100ms);
  EXPECT_EQ(world.node(s).self().children, 1u);
  world.kill(c);
  world.run(1s);
  EXPECT_EQ(world.node(s).self().children, 0u);
}

TEST(NodeRole, AChildChoosesTheNearestSupernode) {
  std::set<Uuid> chosen;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    World world(seed);
    world.geography = true;
    std::vector<Address> all;
    for (std::size_t i = 0; i < 3; ++i) {
      world.add("s" + std::to_string(i), supernode(all));
      all.push_back(World::address_of(i));
    }
    world.run(10s);
    const std::size_t c = world.add("c", knowing(all));
    ASSERT_TRUE(world.run_until([&] { return world.node(c).role() == RoleState::child; }, 2s));
    const Uuid primary = world.node(c).primary();
    const std::uint32_t near = world.node(c).find_node(primary)->rtt_ms.value();
    for (const NodeInfo &node : world.node(c).nodes()) EXPECT_LE(near, node.rtt_ms.value_or(near)) << seed;
    chosen.insert(primary);
  }
  EXPECT_EQ(chosen.size(), 3u);
}

TEST(NodeRole, AFullSupernodeNamesOthers) {
  World world;
  const std::size_t s1 = world.add("s1", supernode({}, 1));
  const std::size_t s2 = world.add("s2", supernode({World::address_of(s1)}));
  world.run(5s);
  const std::size_t a = world.add("a", knowing({World::address_of(s1)}, Role::child));
  world.run(2s);
  const std::size_t b = world.add("b", knowing({World::address_of(s1)}));
  world.run(5s);
  EXPECT_EQ(world.node(a).primary(), "s1");
  EXPECT_EQ(world.node(b).primary(), "s2");
  EXPECT_EQ(world.node(s1).self().children, 1u);
  EXPECT_EQ(world.node(s2).self().children, 1u);
  EXPECT_EQ(world.sent_by_any("full s2"), 1u);
}

// Each node is a supernode or a child of one, and no supernode has too many children.
void expect_placed(World &world, std::uint32_t capacity) {
  for (std::size_t i = 0; i < world.size(); ++i) {
    if (!world.alive(i)) continue;
    const RoleState state = world.node(i).role();
    EXPECT_TRUE(state == RoleState::child || state == RoleState::supernode) << i;
    EXPECT_LE(world.node(i).self().children.value_or(0), capacity) << i;
    if (state == RoleState::child) {
      const auto primary = world.index_of(world.node(i).primary());
      ASSERT_TRUE(primary);
      EXPECT_EQ(world.node(*primary).role(), RoleState::supernode);
    }
  }
}

TEST(NodeRole, WhenAllSupernodesAreFullAChildBecomesOne) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world(seed);
    Settings settings = supernode({}, 2);
    settings.seed = seed;
    world.add("s", settings);
    settings = knowing({World::address_of(0)});
    settings.capacity = 2;
    settings.seed = seed;
    for (int i = 0; i < 12; ++i) {
      world.add("n" + std::to_string(i), settings);
      world.run(1s);
    }
    world.run(60s);
    expect_placed(world, 2);
    EXPECT_GE(world.supernodes().size(), 5u) << seed;  // 13 nodes, 2 children each
    EXPECT_GE(world.sent_by_any("summon"), 1u);
    EXPECT_GE(world.sent_by_any("probed reached"), 1u);
  }
}

TEST(NodeRole, ANodeThatNobodyCanReachBecomesNoSupernode) {
  World world;
  const std::size_t s = world.add("s", supernode({}, 1));
  const std::size_t a = world.add("a", knowing({World::address_of(s)}));
  world.reachable(a, false);
  world.run(2s);
  const std::size_t b = world.add("b", knowing({World::address_of(s)}));
  world.reachable(b, false);
  world.run(60s);
  EXPECT_EQ(world.node(a).role(), RoleState::child);
  EXPECT_NE(world.node(b).role(), RoleState::supernode);
  EXPECT_NE(world.node(b).role(), RoleState::child);
  EXPECT_GE(world.sent_by_any("probed not reached"), 1u);
  world.kill(a);
  EXPECT_TRUE(world.run_until([&] { return world.node(b).role() == RoleState::child; }, 20s));
}

// It keeps the session because of a ticket, and says only as a child that it is no supernode any more.
TEST(NodeRole, ASupernodeThatStepsDownRegistersOverTheSessionThatItHas) {
  Settings settings = supernode();
  settings.self.uuid = "us";
  Node node(settings);
  Effects out;
  const auto say = [&](const Input &input) { node.handle(input, 1s, out); };
  say(Tick{});
  say(PeerConnected{.peer = 1, .address = "10.0.0.2"});
  say(PeerProved{.peer = 1, .fingerprint = "other"});
  Hello hello;
  hello.node = {.uuid = "other", .ip_address = "10.0.0.2", .port = 7000, .supernode = true, .updated = 1};
  say(PeerSaid{.peer = 1, .message = hello});
  EXPECT_EQ(node.supernode_links(), 1u);
  say(PeerSaid{.peer = 1, .message = Register{}});
  EXPECT_EQ(node.supernode_links(), 0u);
  EXPECT_EQ(node.self().children, 1u);
  node.check_invariants();
}

struct TwoSupernodes : testing::Test {
  TwoSupernodes() {
    s1 = world.add("s1", supernode());
    s2 = world.add("s2", supernode({World::address_of(s1)}));
    world.run(5s);
    p = world.add("p", knowing({World::address_of(s1)}, Role::child));
    v = world.add("v", knowing({World::address_of(s1)}, Role::child));
    world.run(2s);
    world.publish(p, "talk");
    world.run(1s);
    world.ask(v, "talk");
    EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
    world.run(6s);  // a heartbeat has named the other supernode
    ticket = world.node(v).find_ticket("talk", {})->id;
    // From here on v must have media all the time.
    world.watch = [this](std::size_t, const Effects &) { EXPECT_TRUE(world.fed(v, "talk")); };
  }
  bool both_are_children_of(const Uuid &uuid) {
    return world.node(p).primary() == uuid && world.node(v).primary() == uuid;
  }
  World world;
  std::size_t s1 = 0, s2 = 0, p = 0, v = 0;
  TicketId ticket;
};

TEST_F(TwoSupernodes, TheChildrenOfALostSupernodeKeepTheirTickets) {
  world.kill(s1);
  EXPECT_TRUE(world.run_until([&] { return both_are_children_of("s2"); }, 5s));
  world.run(120s);  // longer than a ticket lives without heartbeats
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
  EXPECT_EQ(world.chain(v, "talk"), (Chain{"p", "v"}));
}

TEST_F(TwoSupernodes, ASilentSupernodeIsLeft) {
  world.mute(s1);
  EXPECT_TRUE(world.run_until([&] { return both_are_children_of("s2"); }, 30s));
  world.run(120s);
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
}

TEST_F(TwoSupernodes, TheChildrenOfASupernodeThatLeavesMoveAtOnce) {
  world.step(s1, Shutdown{});
  EXPECT_TRUE(world.run_until([&] { return both_are_children_of("s2"); }, 2s));
  world.run(120s);
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
  EXPECT_FALSE(world.node(v).find_node("s1"));
}

TEST_F(TwoSupernodes, WithoutASupernodeAChildBecomesOne) {
  world.watch = nullptr;
  Settings settings = knowing({World::address_of(s1)});
  const std::size_t c = world.add("c", settings);
  world.run(2s);
  world.kill(s1);
  world.kill(s2);
  EXPECT_TRUE(world.run_until([&] { return world.node(c).role() == RoleState::supernode; }, 60s));
}

// b cannot be reached, and there is no origin, so b has to find a again after a was killed for `away`.
// Returns how long that takes.
Time until_found(Role role, Time away, std::uint64_t seed) {
  World world(seed);
  Settings settings;
  settings.seed = seed;
  const std::size_t a = world.add("a", settings);
  settings = knowing({World::address_of(a)}, role);
  settings.seed = seed;
  const std::size_t b = world.add("b", settings);
  world.reachable(b, false);
  world.run(10s);
  world.kill(a);
  world.run(away);
  world.restart(a);
  const Time back = world.now();
  world.run_until(
      [&] {
        Node &one = world.node(a);
        Node &other = world.node(b);
        const bool linked = one.supernode_links() == 1 && other.supernode_links() == 1;
        return other.primary() == "a" || one.primary() == "b" || linked;
      },
      300s);
  return world.now() - back;
}

TEST(NodeRole, ANodeThatComesBackIsFoundWithinSeconds) {
  for (const Role role : {Role::automatic, Role::child, Role::supernode})
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      EXPECT_LE(until_found(role, 1s, seed), 5s) << seed;
      EXPECT_LE(until_found(role, 100s, seed), 40s) << seed;
    }
}

TEST(NodeRole, ARestartedNodeFindsTheSupernodesThatItRemembers) {
  World world;
  const std::size_t s = world.add("s");
  const std::size_t s2 = world.add("s2", supernode({World::address_of(s)}));
  const std::size_t c = world.add("c", knowing({World::address_of(s)}));
  world.run(20s);
  world.kill(s);
  world.run(1s);
  world.restart(c);
  EXPECT_TRUE(world.run_until([&] { return world.node(c).primary() == "s2"; }, 20s));
  EXPECT_EQ(world.node(s2).self().children, 1u);
}

}  // namespace
}  // namespace astral::core
