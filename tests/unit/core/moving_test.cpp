// SPDX-License-Identifier: BSD-3-Clause
// Parents that are lost, that leave, or that are not good enough. A viewer has media as long as there is any
// way to the publisher, no stream goes round in a circle, and no room is promised twice.
#include "three.hpp"

namespace astral::core {
namespace {

struct Tree : testing::Test {
  std::size_t node(const Uuid &uuid, std::uint64_t children) {
    Settings settings = world.size() == 0 ? Settings{} : knowing({World::address_of(0)}, Role::child);
    settings.upstream_bps = children * 600'000 + 100'000;
    settings.seed = seed;
    const std::size_t index = world.add(uuid, settings);
    world.run(1s);
    return index;
  }
  void watch(std::size_t index) {
    world.ask(index, "talk");
    EXPECT_TRUE(world.run_until([&] { return world.fed(index, "talk"); }, 10s))
        << world.node(index).self().uuid;
    world.run(1s);
  }
  Uuid parent(std::size_t index) { return world.node(*world.parent(index, "talk")).self().uuid; }
  std::optional<TicketView> standby(std::size_t index) {
    for (const TicketView &ticket : world.node(index).tickets("talk"))
      if (ticket.held && ticket.role == "standby") return ticket;
    return std::nullopt;
  }
  // The first line of the trace, at `from` or later, that begins so.
  std::size_t line(const std::string &begin, std::size_t from) const {
    while (from < world.trace().size() && !world.trace()[from].starts_with(begin)) ++from;
    return from;
  }
  std::size_t ticket_messages() const {
    return world.sent_by_any("request") + world.sent_by_any("hold") + world.sent_by_any("cancel");
  }
  std::uint64_t seed = 0;
  World world;
};

// p feeds r1 and r2. One of them (`old`) feeds v; the other one is v's standby.
struct Forked : Tree {
  Forked() {
    p = node("p", 2);
    world.publish(p, "talk");
    r1 = node("r1", 1);
    r2 = node("r2", 1);
    v = node("v", 0);
    watch(r1);
    watch(r2);
    watch(v);
    old = *world.parent(v, "talk");
    other = old == r1 ? r2 : r1;
  }
  std::size_t p = 0, r1 = 0, r2 = 0, v = 0, old = 0, other = 0;
};

TEST_F(Forked, TheSecondBestNodeStandsByAndKeepsItsRoom) {
  ASSERT_TRUE(standby(v));
  EXPECT_EQ(standby(v)->source, world.node(other).self().uuid);
  EXPECT_EQ(world.node(other).fed_children(), 0u);  // a standby takes no room
  const TicketId id = standby(v)->id;
  world.run(120s);
  EXPECT_EQ(standby(v)->id, id);
  EXPECT_EQ(world.node(other).find_ticket(id)->state, "standby");
}

TEST_F(Forked, TheStandbyReplacesALostParentWithoutASearch) {
  const TicketId id = standby(v)->id;
  const std::size_t before = world.sent("v", "find");
  world.kill(old);
  EXPECT_TRUE(world.run_until([&] { return world.parent(v, "talk") == other; }, 3s));
  EXPECT_EQ(world.sent("v", "find"), before);
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, id);
  EXPECT_EQ(world.effects_of("v", "OpenMedia"), 1u);
  EXPECT_EQ(world.effects_of("v", "CloseMedia"), 0u);
}

// All nodes are silent at once. None asks for another parent, and none gives up its own.
TEST_F(Forked, APauseOfThePublisherChangesNoTicket) {
  world.run(60s);
  const TicketId id = world.node(v).find_ticket("talk", {})->id;
  const std::size_t asked = ticket_messages();
  world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  world.run(10s);
  EXPECT_FALSE(world.flows(v, "talk"));
  EXPECT_GE(world.effects_of("v", "SwitchSource"), 2u);
  world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = true});
  world.run(10s);
  EXPECT_TRUE(world.flows(v, "talk"));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, id);
  EXPECT_EQ(standby(v)->source, world.node(other).self().uuid);
  // Two messages between the publisher's node and its sink.
  EXPECT_LE(ticket_messages(), asked + 2);
  EXPECT_EQ(world.media().lost, 0u);
}

TEST_F(Forked, AViewerWhoseStandbyIsFullSearchesForAParent) {
  const std::size_t w = node("w", 0);
  watch(w);  // takes the room of the standby
  EXPECT_EQ(*world.parent(w, "talk"), other);
  world.kill(old);
  // The killed node's place at p is free again.
  EXPECT_TRUE(world.run_until([&] { return world.parent(v, "talk") == p; }, 15s));
  EXPECT_EQ(*world.parent(w, "talk"), other);
}

// w has taken the room of v's standby; v does not know it yet.
struct Overbooked : Forked {
  Overbooked() {
    w = node("w", 0);
    watch(w);
    EXPECT_TRUE(standby(v));
    ticket = standby(v)->id;
    EXPECT_EQ(*world.parent(w, "talk"), other);
  }
  bool standby_takes_over() {
    world.kill(old);
    return world.run_until([&] { return world.parent(v, "talk") == other && world.flows(v, "talk"); }, 3s);
  }
  std::size_t w = 0;
  TicketId ticket;
};

TEST_F(Overbooked, TheStandbyFeedsBeyondItsBudgetUntilThereIsAnotherParent) {
  EXPECT_TRUE(standby_takes_over());
  world.watch = [&](std::size_t, const Effects &) { EXPECT_TRUE(world.flows(v, "talk")); };
  EXPECT_TRUE(world.run_until([&] { return world.parent(v, "talk") == p; }, 5s));
  world.run(10s);
  EXPECT_EQ(world.parent(v, "talk"), p);
  EXPECT_EQ(world.media().lost, 0u);
  EXPECT_EQ(world.node(other).fed_children(), 1u);
}

TEST_F(Overbooked, TheStandbyFeedsBeyondItsBudgetForFiveSecondsAtMost) {
  world.links_fail = true;  // links to other parents
  EXPECT_TRUE(standby_takes_over());
  world.run(4s);
  EXPECT_EQ(world.parent(v, "talk"), other);
  world.run(2s);
  EXPECT_FALSE(world.fed(v, "talk"));
  EXPECT_EQ(world.parent(w, "talk"), other);
}

TEST_F(Overbooked, TheTicketIsKeptWhenRoomBecomesFree) {
  world.links_fail = true;  // links to other parents
  EXPECT_TRUE(standby_takes_over());
  world.call(w, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
  world.run(20s);
  EXPECT_EQ(world.parent(v, "talk"), other);
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, ticket);
  EXPECT_TRUE(world.node(v).resting());
  EXPECT_EQ(world.node(other).overcommitted_bps(), 0u);
}

TEST_F(Forked, ANodeThatLeavesLetsItsChildrenMoveFirst) {
  const std::size_t from = world.trace().size();
  world.watch = [&](std::size_t, const Effects &) { EXPECT_TRUE(world.fed(v, "talk")); };
  const Uuid name = world.node(old).self().uuid;
  world.step(old, Shutdown{});
  EXPECT_TRUE(world.run_until([&] { return world.effects_of(name, "Quit") == 1; }, 5s));
  const std::size_t added = line("v SwitchSource talk", from);
  const std::size_t removed = line("v RemoveSource talk", from);
  const std::size_t quit = line(name + " Quit", from);
  EXPECT_LT(added, removed);
  EXPECT_LT(removed, quit);
  EXPECT_LT(quit, world.trace().size());
  EXPECT_EQ(world.effects_of("v", "RemoveSource talk"), 1u);
  EXPECT_NE(world.parent(v, "talk"), old);
  EXPECT_FALSE(world.chain(v, "talk").empty());
}

// No media is missed, and the old parent does not take the child again for a minute.
TEST_F(Forked, ASlowChildMovesToAnotherParent) {
  world.watch = [&](std::size_t, const Effects &) { EXPECT_TRUE(world.flows(v, "talk")); };
  const Uuid name = world.node(old).self().uuid;
  world.step(old, ChildSlow{.slug = "talk", .ticket = world.node(v).find_ticket("talk", {})->id});
  EXPECT_TRUE(world.run_until([&] { return world.parent(v, "talk") == other; }, 5s));
  world.run(59s);
  EXPECT_FALSE(standby(v));
  EXPECT_TRUE(world.run_until([&] { return standby(v) && standby(v)->source == name; }, 45s));
  EXPECT_EQ(world.parent(v, "talk"), other);
}

TEST_F(Forked, ANodeThatLeavesWaits1800MsAtMost) {
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 5'000'000});  // p has no room
  for (const std::size_t r : {r1, r2}) world.step(r, MediaMeasured{.slug = "talk", .rate_bps = 5'000'000});
  const Uuid name = world.node(old).self().uuid;
  world.step(old, Shutdown{});
  world.run(1799ms);
  EXPECT_EQ(world.effects_of(name, "Quit"), 0u);
  EXPECT_TRUE(world.fed(v, "talk"));
  world.run(1ms);
  EXPECT_EQ(world.effects_of(name, "Quit"), 1u);
}

// A chain p → a → b → c → d; then p has room again. The nodes far from p move nearer, without a gap.
TEST_F(Tree, ANodeFarFromThePublisherMovesNearer) {
  const std::size_t p = node("p", 1);
  world.publish(p, "talk");
  std::vector<std::size_t> chain;
  for (const char *uuid : {"a", "b", "c", "d"}) {
    chain.push_back(node(uuid, 1));
    watch(chain.back());
  }
  const std::size_t d = chain.back();
  EXPECT_EQ(world.chain(d, "talk"), (Chain{"p", "a", "b", "c", "d"}));
  world.watch = [&](std::size_t, const Effects &) {
    for (const std::size_t index : chain) EXPECT_TRUE(world.fed(index, "talk"));
    EXPECT_FALSE(world.circle("talk"));
  };
  for (int i = 0; i < 60; ++i) world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 100'000});
  world.run(120s);
  for (const std::size_t index : chain) EXPECT_LE(world.chain(index, "talk").size(), 4u);
  EXPECT_LT(world.chain(d, "talk").size(), 5u);
  std::size_t moves = 0;
  for (const char *uuid : {"a", "b", "c", "d"}) moves += world.effects_of(uuid, "RemoveSource talk");
  EXPECT_GE(moves, 1u);
}

// p → r1 → a → a2 and p → r2 → b → b2. r1 and r2 leave at once, so a and b search for another parent at
// the same time. The only room is below the other one and below themselves. Neither may become its own
// ancestor.
TEST(LoopCheck, TwoNodesThatMoveAtOnceNeverMakeACircle) {
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    World world(seed);
    world.geography = true;
    std::map<Uuid, std::size_t> at;
    const auto add = [&](const Uuid &uuid, std::uint64_t children) {
      Settings settings = at.empty() ? Settings{} : knowing({World::address_of(0)}, Role::child);
      settings.upstream_bps = children * 600'000 + 100'000;
      settings.seed = seed;
      at[uuid] = world.add(uuid, settings);
      world.run(1s);
    };
    add("p", 2);
    world.publish(0, "talk");
    for (const char *uuid : {"r1", "r2", "a", "b", "a2", "b2"}) {
      add(uuid, 1);
      world.ask(at[uuid], "talk");
      ASSERT_TRUE(world.run_until([&] { return world.fed(at[uuid], "talk"); }, 10s));
      world.run(2s);
    }
    world.watch = [&](std::size_t index, const Effects &) {
      EXPECT_FALSE(world.circle_through(index, "talk")) << "seed " << seed;
    };
    // p has no room meanwhile.
    world.step(0, MediaMeasured{.slug = "talk", .rate_bps = 5'000'000});
    world.step(at["r1"], Shutdown{});
    if (seed % 3 == 1) world.run(Time{1ms} * static_cast<Time::rep>(seed));
    world.step(at["r2"], Shutdown{});
    world.run(30s);
    refused += world.sent_by_any("checked loop") + world.sent_by_any("refusal of a search loop");
    for (int i = 0; i < 60; ++i) world.step(0, MediaMeasured{.slug = "talk", .rate_bps = 500'000});
    world.run(60s);
    for (const char *uuid : {"a", "b", "a2", "b2"})
      EXPECT_FALSE(world.chain(at[uuid], "talk").empty()) << seed << uuid;
  }
  EXPECT_GE(refused, 25u);  // at least one loop a seed was tried and refused
}

// Only the last node of the chain has room. It refuses its own ancestors.
TEST_F(Tree, ADescendantDoesNotBecomeAParent) {
  const std::size_t p = node("p", 1);
  world.publish(p, "talk");
  const std::size_t a = node("a", 1);
  const std::size_t b = node("b", 1);
  const std::size_t c = node("c", 1);
  for (const std::size_t index : {a, b, c}) watch(index);
  world.watch = [&](std::size_t, const Effects &) { EXPECT_FALSE(world.circle("talk")); };
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 5'000'000});
  world.call(p, RevokeTicket{.call = 0, .slug = "talk", .destination = "a"});
  world.run(30s);
  EXPECT_FALSE(world.fed(a, "talk"));
  EXPECT_GE(world.sent_by_any("check of a for talk") + world.sent_by_any("refusal of a search loop"), 1u);
  EXPECT_EQ(world.node(b).find_ticket("talk", {})->source, "a");  // its descendants keep their parents
  EXPECT_EQ(world.node(c).find_ticket("talk", {})->source, "b");
}

TEST(UpstreamBudget, NoNodePromisesMoreThanItHasInACrowd) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    World world(seed);
    world.geography = true;
    constexpr std::uint64_t limit = 2'000'000;  // three children
    Settings settings;
    settings.upstream_bps = limit;
    settings.seed = seed;
    world.add("p", settings);
    world.publish(0, "talk");
    settings.bootstrap = {World::address_of(0)};
    for (int i = 0; i < 20; ++i) world.add("n" + std::to_string(i), settings);
    world.run(5s);
    world.watch = [&](std::size_t index, const Effects &) {
      if (!world.alive(index)) return;
      EXPECT_LE(world.node(index).promised_bps(), limit);
      EXPECT_LE(world.node(index).fed_children(), 3u);
    };
    for (int round = 0; round < 12; ++round) {  // viewers that were refused ask again
      for (std::size_t i = 1; i <= 20; ++i)
        if (world.node(i).tickets("talk").empty()) world.play(i, "talk");
      world.run(5s);
    }
    std::size_t fed = 0;
    for (std::size_t i = 1; i <= 20; ++i) fed += world.fed(i, "talk") ? 1 : 0;
    EXPECT_EQ(fed, 20u) << seed;
    EXPECT_FALSE(world.circle("talk"));
  }
}

// The QUIC library keeps some memory for each stream until the connection ends, so links are renewed.
struct Renewal : Tree {
  // Time in which no node dies.
  void pass(std::size_t viewer, Time time) {
    const Time end = world.now() + time;
    EXPECT_FALSE(
        world.run_until([&] { return !world.fed(viewer, "talk") || world.now() >= end; }, time - 1s));
  }
  TicketView parent_ticket(std::size_t index) {
    for (const TicketView &ticket : world.node(index).tickets("talk"))
      if (ticket.held && ticket.role == "active") return ticket;
    return {};
  }
};

TEST_F(Renewal, ALinkIsRenewedAtTheOnlyParent) {
  const std::size_t p = node("p", 2);
  world.publish(p, "talk");
  const std::size_t v = node("v", 0);
  watch(v);
  const TicketView old = parent_ticket(v);
  pass(v, 8h);
  const TicketView renewed = parent_ticket(v);
  EXPECT_NE(renewed.id, old.id);
  EXPECT_EQ(renewed.source, old.source);
  EXPECT_EQ(world.node(p).tickets("talk").size(), 2u);  // with the publisher's
}

TEST_F(Renewal, TheLinkToThePublisherIsRenewed) {
  const std::size_t p = node("p", 2);
  world.publish(p, "talk");
  world.run(1s);
  const TicketView old = parent_ticket(p);
  pass(p, 8h);
  EXPECT_NE(parent_ticket(p).id, old.id);
  EXPECT_EQ(world.node(p).tickets("talk").size(), 1u);
}

TEST_F(Renewal, ALinkThatHasCarriedManyStreamsIsRenewed) {
  const std::size_t p = node("p", 2);
  world.publish(p, "talk");
  const std::size_t v = node("v", 0);
  watch(v);
  pass(v, 2min);
  for (const std::size_t each : {p, v}) {
    const TicketId old = parent_ticket(each).id;
    const std::uint64_t many = Settings{}.renew_streams;
    world.step(each, MediaMeasured{.slug = "talk", .kept_streams = many - 1});
    world.run(1s);
    EXPECT_EQ(parent_ticket(each).id, old);
    world.step(each, MediaMeasured{.slug = "talk", .kept_streams = many});
    world.step(each, MediaMeasured{.slug = "talk", .kept_streams = many});  // the new one is under way
    world.run(1s);
    EXPECT_NE(parent_ticket(each).id, old);
    EXPECT_TRUE(world.fed(each, "talk"));
  }
  EXPECT_EQ(world.node(p).tickets("talk").size(), 2u);
}

TEST_F(Renewal, AViewerWithAStandbyMovesToIt) {
  const std::size_t p = node("p", 2);
  world.publish(p, "talk");
  for (const char *relay : {"r1", "r2"}) watch(node(relay, 2));
  const std::size_t v = node("v", 0);
  watch(v);
  const TicketView old = parent_ticket(v);
  pass(v, 8h);
  EXPECT_NE(parent_ticket(v).id, old.id);
  EXPECT_TRUE(standby(v));
}

// The parent has no room for a second link beside the old one.
TEST_F(Renewal, ALinkToAFullParentIsKept) {
  const std::size_t p = node("p", 1);
  world.publish(p, "talk");
  const std::size_t v = node("v", 0);
  watch(v);
  const TicketView old = parent_ticket(v);
  pass(v, 10h);
  EXPECT_EQ(parent_ticket(v).id, old.id);
}

TEST_F(Renewal, ALinkIsNotRenewedInTheFirstTwoHours) {
  const std::size_t p = node("p", 3);
  world.publish(p, "talk");
  const std::size_t v = node("v", 0);
  watch(v);
  pass(v, 2h);
  EXPECT_EQ(world.node(p).fed_children(), 1u);
}

}  // namespace
}  // namespace astral::core
