// SPDX-License-Identifier: BSD-3-Clause
// What happens when the children take more of the upstream than was promised to them.
#include "core/overshoot.hpp"

#include "bench.hpp"
#include "three.hpp"

namespace astral::core {
namespace {

struct Case {
  const char *name;
  std::vector<FedChild> children;
  std::uint64_t used_bps;
  std::uint64_t limit_bps;
  std::vector<TicketId> going;
};

void PrintTo(const Case &row, std::ostream *out) {
  *out << row.name;
}

class Excess : public testing::TestWithParam<Case> {};

TEST_P(Excess, GoesLeavesFirstThenWhoCameLastAndNoMoreThanNeeded) {
  const Case &row = GetParam();
  EXPECT_EQ(excess(row.children, row.used_bps, row.limit_bps), row.going);
}

const FedChild relay{.id = "relay", .cost_bps = 500, .since = 1s};
const FedChild new_relay{.id = "new-relay", .cost_bps = 500, .since = 9s};
const FedChild leaf{.id = "leaf", .cost_bps = 500, .leaf = true, .since = 2s};
const FedChild new_leaf{.id = "new-leaf", .cost_bps = 500, .leaf = true, .since = 3s};
const FedChild slow{.id = "slow", .cost_bps = 500, .slow = true, .since = Time{}};
const FedChild coming{.id = "coming", .cost_bps = 500, .fed = false, .since = Time{}};
const FedChild thin{.id = "thin", .cost_bps = 50, .leaf = true, .since = 4s};

INSTANTIATE_TEST_SUITE_P(
    Overshoot, Excess,
    testing::Values(
        Case{"nobody", {}, 2'000, 1'000, {}},  //
        Case{"fits", {relay, leaf}, 1'000, 1'000, {}},
        Case{"an eighth is borne", {relay, leaf}, 1'125, 1'000, {}},
        Case{"more is not", {relay, leaf}, 1'126, 1'000, {"leaf"}},
        Case{"one is enough", {relay, leaf, new_leaf}, 1'500, 1'000, {"new-leaf"}},
        Case{"two are needed", {leaf, relay, new_leaf}, 1'500, 500, {"new-leaf", "leaf"}},
        Case{"a relay after all leaves", {relay, new_relay, leaf}, 1'500, 500, {"leaf", "new-relay"}},
        Case{"who is too slow goes first", {leaf, slow, relay}, 1'500, 1'000, {"slow"}},
        Case{"who is not fed yet goes before all", {leaf, slow, coming}, 1'500, 1'000, {"coming"}},
        Case{"small ones until it is enough", {thin, leaf, relay}, 1'050, 600, {"thin", "leaf"}},
        Case{"no room at all", {relay}, 500, 0, {"relay"}},
        Case{"others use it", {relay}, 9'000, 1'000, {"relay"}}),
    [](const auto &row) {
      std::string name = row.param.name;
      for (char &c : name)
        if (c == ' ') c = '_';
      return name;
    });

// Two viewers came in the first second of a stream, which was announced with a ninth of its rate. The node
// has room for one of them.
struct Overshot : testing::Test {
  Overshot() {
    p = world.add("p", with_room(1'300'000));
    a = world.add("a", in_network(5'000'000));
    b = world.add("b", in_network(0));
    world.publish(p, "talk");
    world.run(1s);
    for (const std::size_t viewer : {a, b}) {
      world.ask(viewer, "talk");
      EXPECT_TRUE(world.run_until([&] { return world.fed(viewer, "talk"); }, 5s));
    }
    world.run(1s);
    EXPECT_EQ(world.node(p).fed_children(), 2u);
  }
  Settings in_network(std::uint64_t bps) {
    Settings settings = knowing({World::address_of(p)}, Role::child);
    settings.upstream_bps = bps;
    return settings;
  }
  void learn(std::uint64_t bps) { world.step(p, MediaMeasured{.slug = "talk", .rate_bps = bps}); }
  World world;
  std::size_t p = 0, a = 0, b = 0;
};

TEST_F(Overshot, TheLeafMovesBelowTheOtherAndMissesNothing) {
  world.watch = [&](std::size_t, const Effects &) { EXPECT_TRUE(world.flows(b, "talk")); };
  learn(1'044'000);
  EXPECT_TRUE(world.run_until([&] { return world.parent(b, "talk") == a; }, 5s));
  world.run(100ms);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
  EXPECT_EQ(world.node(p).overcommitted_bps(), 0u);
  world.run(30s);
  EXPECT_EQ(world.parent(a, "talk"), p);
  EXPECT_EQ(world.parent(b, "talk"), a);
}

TEST_F(Overshot, WhoFindsNoOtherParentIsCutOffAfterFiveSeconds) {
  world.step(a, MediaMeasured{.slug = "talk", .rate_bps = 9'000'000});  // a has no room either
  learn(1'044'000);
  world.run(4900ms);
  EXPECT_EQ(world.node(p).fed_children(), 2u);
  world.run(100ms);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
  EXPECT_EQ(world.parent(a, "talk"), p);
  world.run(60s);
  EXPECT_FALSE(world.fed(b, "talk"));
  EXPECT_LE(world.node(p).promised_bps(), *world.node(p).upstream_bps());
}

TEST_F(Overshot, AShortPeakMovesNobody) {
  world.step(a, MediaMeasured{.slug = "talk", .rate_bps = 9'000'000});
  learn(700'000);
  for (int second = 0; second < 10; ++second) {
    world.run(1s);
    learn(500'000);
  }
  EXPECT_EQ(world.node(p).fed_children(), 2u);
  EXPECT_EQ(world.node(p).overcommitted_bps(), 0u);
  EXPECT_EQ(world.parent(b, "talk"), p);
  EXPECT_TRUE(world.node(p).find_ticket("talk", "b")->confirmed);
}

TEST_F(Overshot, WhoIsNotFedYetIsRefusedAndNobodyElseMoves) {
  const std::size_t c = world.add("c", in_network(0));
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 100'000});
  world.run(1s);
  world.ask(c, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.node(p).fed_children() == 3; }, 5s));
  learn(600'000);
  EXPECT_EQ(world.node(p).fed_children(), 2u);
  EXPECT_EQ(world.node(p).overcommitted_bps(), 0u);
}

// The line was measured only when children were there.
TEST(Overshoot, ALineThatIsThinnerThanItWasThoughtToBeIsRelieved) {
  Bench bench;
  bench.child_confirmed();
  bench.say(BandwidthMeasured{.upstream_bps = 500'000});
  EXPECT_EQ(bench.said, Lines{"Send 1 leaving G"});
  bench.wait(5s);
  EXPECT_EQ(bench.said,
            (Lines{"Disconnect 9 no hello", "TellRelay own cancel G no-room", "Send 1 cancel G no-room"}));
  EXPECT_EQ(bench.node.fed_children(), 0u);
}

}  // namespace
}  // namespace astral::core
