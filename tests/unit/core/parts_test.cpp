// SPDX-License-Identifier: BSD-3-Clause
// The small classes of a node, each alone.
#include <gtest/gtest.h>

#include <map>

#include "core/limits.hpp"
#include "core/peers.hpp"
#include "core/rng.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {
namespace {

constexpr auto wire = UpstreamBudget::wire_bps;

TEST(UpstreamBudget, CountsWhatTheLineCarriesAndNotOnlyTheMedia) {
  EXPECT_EQ(wire(4'000'000), 4'500'000u);
  UpstreamBudget budget(9'000'000, 100);
  budget.measured("a", 4'000'000);
  EXPECT_TRUE(budget.reserve("a"));
  EXPECT_TRUE(budget.reserve("a"));
  EXPECT_EQ(budget.used_bps(), 9'000'000u);
  EXPECT_FALSE(budget.reserve("a"));
}

TEST(UpstreamBudget, LeavesAFifthOfAMeasuredLineFreeAndNothingOfAGivenLimit) {
  struct Row {
    std::uint64_t line_bps;
    std::uint32_t measured, given;
  };
  for (const Row &row : {Row{4'400'000, 0, 0}, Row{4'500'000, 0, 1}, Row{5'600'000, 0, 1},
                         Row{5'625'000, 1, 1}, Row{10'000'000, 1, 2}, Row{50'000'000, 8, 11}}) {
    UpstreamBudget given(row.line_bps, 100), measured(std::nullopt, 100);
    measured.line(row.line_bps);
    for (UpstreamBudget *budget : {&given, &measured}) budget->measured("a", 4'000'000);
    EXPECT_EQ(given.places("a"), row.given) << row.line_bps;
    EXPECT_EQ(measured.places("a"), row.measured) << row.line_bps;
  }
}

TEST(UpstreamBudget, CountsAnUnknownRateCautiously) {
  struct Row {
    std::optional<std::uint64_t> limit_bps;
    std::uint64_t cost_bps;
  };
  for (const Row &row : {Row{std::nullopt, 4'000'000}, Row{50'000'000, 4'000'000}, Row{5'600'000, 4'000'000},
                         Row{1'000'000, 1'000'000}, Row{600'000, 600'000}, Row{8'000, 600'000}})
    EXPECT_EQ(UpstreamBudget(row.limit_bps, 100).cost_bps("a"), row.cost_bps);
  UpstreamBudget small(1'000'000, 100);
  EXPECT_TRUE(small.reserve("a"));
  EXPECT_FALSE(small.fits("a"));
  EXPECT_FALSE(UpstreamBudget(8'000, 100).fits("a"));
}

TEST(UpstreamBudget, KeepsItsPromisesWhenTheRateRises) {
  UpstreamBudget budget(1'000'000, 100);
  budget.measured("a", 400'000);
  budget.measured("b", 100'000);
  EXPECT_TRUE(budget.reserve("a"));
  EXPECT_TRUE(budget.reserve("a"));
  budget.measured("a", 900'000);
  EXPECT_EQ(budget.used_bps(), 2 * wire(900'000));
  EXPECT_FALSE(budget.fits("a"));
  EXPECT_FALSE(budget.fits("b"));
  budget.release("a");
  EXPECT_FALSE(budget.fits("b"));
}

TEST(UpstreamBudget, FallsSlowlyAndNeverToNothing) {
  UpstreamBudget budget(1'000'000, 100);
  budget.measured("a", 800'000);
  budget.measured("a", 0);
  EXPECT_EQ(budget.cost_bps("a"), wire(800'000));
  budget.measured("a", 1'000);
  EXPECT_EQ(budget.cost_bps("a"), wire(700'000));
  for (int i = 0; i < 100; ++i) budget.measured("a", 1'000);
  EXPECT_EQ(budget.cost_bps("a"), wire(1'000));
}

TEST(UpstreamBudget, CountsWhatItMeasuresAndNoLessThanItIsTold) {
  UpstreamBudget budget(std::nullopt, 100);
  StreamInfo told{
      .slug = "a", .name = "", .description = "", .source = "s", .media = "", .bitrate_kbps = 700};
  budget.told(told);
  EXPECT_EQ(budget.cost_bps("a"), wire(700'000));
  budget.measured("a", 500'000);  // of the stream, only that much comes to this node
  EXPECT_EQ(budget.cost_bps("a"), wire(700'000));
  budget.measured("a", 900'000);
  budget.told(told);
  EXPECT_EQ(budget.cost_bps("a"), wire(900'000));
  told.slug = "b";
  told.bitrate_kbps = UINT64_MAX;  // a nonsensical rate does not overflow the sum
  budget.told(told);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(budget.reserve("b"));
  EXPECT_EQ(budget.used_bps(), 50 * wire(max_rate_kbps * 1000));
}

// One stream, or a quarter of the upstream.
TEST(UpstreamBudget, OvercommitsOneStreamOrAQuarter) {
  UpstreamBudget small(700'000, 100);
  small.measured("a", 500'000);
  EXPECT_TRUE(small.reserve("a"));
  EXPECT_TRUE(small.overcommit("a"));
  EXPECT_FALSE(small.overcommit("a"));
  EXPECT_EQ(small.used_bps(), 2 * wire(500'000));
  EXPECT_EQ(small.overcommitted_bps(), wire(500'000));
  EXPECT_FALSE(small.cover("a"));
  small.release("a");
  EXPECT_TRUE(small.cover("a"));
  EXPECT_EQ(small.overcommitted_bps(), 0u);
  EXPECT_FALSE(small.reserve("a"));

  UpstreamBudget large(9'000'000, 100);
  large.measured("a", 400'000);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(large.reserve("a"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(large.overcommit("a"));
  EXPECT_FALSE(large.overcommit("a"));
  EXPECT_EQ(large.used_bps(), 25 * wire(400'000));
  large.release("a", true);
  EXPECT_EQ(large.overcommitted(), 4u);

  UpstreamBudget none(500'000, 100);
  EXPECT_FALSE(none.overcommit("a"));

  UpstreamBudget counted(std::nullopt, 1);
  EXPECT_TRUE(counted.reserve("a"));
  EXPECT_TRUE(counted.overcommit("a"));
  EXPECT_FALSE(counted.overcommit("a"));
  EXPECT_FALSE(counted.cover("a"));
  EXPECT_FALSE(UpstreamBudget(std::nullopt, 0).overcommit("a"));
}

TEST(UpstreamBudget, LimitsTheChildrenWithoutALimitOfTheRate) {
  UpstreamBudget budget(std::nullopt, 2);
  EXPECT_TRUE(budget.reserve("a"));
  EXPECT_TRUE(budget.reserve("b"));
  EXPECT_FALSE(budget.reserve("c"));
  EXPECT_EQ(budget.children("a"), 1u);
  budget.release("a");
  EXPECT_EQ(budget.children(), 1u);
  budget.forget("a");
}

TEST(UpstreamBudget, TellsHowManyMoreChildrenFit) {
  UpstreamBudget budget(2'500'000, 100);
  budget.measured("a", 440'000);
  budget.measured("b", 533'000);
  EXPECT_EQ(budget.places("a"), 5u);
  EXPECT_EQ(budget.places("b"), 4u);
  EXPECT_TRUE(budget.reserve("a"));
  EXPECT_EQ(budget.places("a"), 4u);
  budget.limit(1'000'000);
  EXPECT_EQ(budget.limit_bps(), 1'000'000u);
  EXPECT_EQ(budget.places("a"), 1u);
  EXPECT_EQ(budget.places("b"), 0u);
  budget.limit(100);  // below what was given
  EXPECT_EQ(budget.places("a"), 0u);
  EXPECT_FALSE(budget.reserve("a"));
  EXPECT_EQ(budget.children("a"), 1u);
}

TEST(UpstreamBudget, PlacesAreBounded) {
  EXPECT_EQ(UpstreamBudget(std::nullopt, 7).places("a"), 7u);
  EXPECT_EQ(UpstreamBudget(std::nullopt, 100'000).places("a"), max_room);
  EXPECT_EQ(UpstreamBudget(UINT64_MAX, 100'000).places("a"), max_room);
  EXPECT_EQ(UpstreamBudget(std::nullopt, 0).places("a"), 0u);
}

// In any order of requests, the sum of the promises never exceeds the upstream at the time of the promise.
TEST(UpstreamBudget, IsNeverPromisedTwice) {
  Rng rng(1);
  UpstreamBudget budget(3'000'000, 6);
  std::map<Slug, std::uint32_t> given;
  for (int i = 0; i < 5'000; ++i) {
    const Slug slug(1, static_cast<char>('a' + rng.below(4)));
    if (rng.below(3) == 0 && given[slug] > 0) {
      budget.release(slug);
      --given[slug];
    } else if (rng.below(5) == 0) {
      budget.measured(slug, 300'000 + rng.below(600'000));
    } else {
      const std::uint32_t places = budget.places(slug);
      const bool took = budget.reserve(slug);
      ASSERT_EQ(took, places > 0);
      if (!took) continue;
      ++given[slug];
      ASSERT_LE(budget.used_bps(), 3'000'000u);
    }
    std::uint32_t all = 0;
    for (const auto &[name, count] : given) {
      ASSERT_EQ(budget.children(name), count);
      all += count;
    }
    ASSERT_EQ(budget.children(), all);
    ASSERT_LE(all, 6u);
  }
}

TEST(TimerQueue, TakesInOrderOfTimeAndOncePerId) {
  TimerQueue timers;
  EXPECT_EQ(timers.next(), never);
  timers.set({.kind = TimerKind::advert, .name = "b"}, 3s);
  timers.set({.kind = TimerKind::advert, .name = "a"}, 2s);
  timers.set({.kind = TimerKind::advert, .name = "b"}, 1s);
  EXPECT_EQ(timers.next(), 1s);
  EXPECT_FALSE(timers.take(999ms));
  EXPECT_EQ(timers.take(5s)->name, "b");
  timers.drop({.kind = TimerKind::advert, .name = "nothing"});
  EXPECT_EQ(timers.take(5s)->name, "a");
  EXPECT_FALSE(timers.take(5s));
}

TEST(TimerQueue, KindNameAndNumberMakeATimersId) {
  TimerQueue timers;
  timers.set({.kind = TimerKind::seed, .name = "a", .number = 1}, 1s);
  timers.set({.kind = TimerKind::seed, .name = "a", .number = 2}, 1s);
  timers.set({.kind = TimerKind::stream, .name = "a"}, 1s);
  EXPECT_EQ(timers.size(), 3u);
  EXPECT_TRUE(timers.has({.kind = TimerKind::seed, .name = "a", .number = 2}));
  EXPECT_FALSE(timers.has({.kind = TimerKind::seed, .name = "b", .number = 2}));
  timers.drop({.kind = TimerKind::seed, .name = "a", .number = 2});
  EXPECT_EQ(timers.size(), 2u);
  timers.set({.kind = TimerKind::stream, .name = "a"}, 3s);  // moved, not doubled
  EXPECT_EQ(timers.size(), 2u);
  EXPECT_EQ(timers.take(2s)->number, 1u);
  EXPECT_FALSE(timers.take(2s));
  timers.clear();
  EXPECT_EQ(timers.next(), never);
  EXPECT_FALSE(timers.take(never));
}

TEST(Peers, FindsTheOldestSessionThatIsFarEnough) {
  Peers peers;
  peers.add({.id = first_own_id, .state = PeerState::connecting, .outbound = true, .uuid = "a"});
  peers.add({.id = 1});
  EXPECT_EQ(peers.with("a", PeerState::ready), nullptr);
  EXPECT_EQ(peers.with("a", PeerState::connecting)->id, first_own_id);
  peers.enter(*peers.find(1), PeerState::ready, "a", 1s);
  EXPECT_EQ(peers.with("a", PeerState::ready)->id, 1u);
  peers.check_invariants();
  peers.remove(1);
  EXPECT_EQ(peers.with("a", PeerState::ready), nullptr);
  peers.check_invariants();
}

TEST(Peers, ASocketComesBeforeARoute) {
  Peers peers;
  peers.add({.id = 5, .state = PeerState::ready, .uuid = "a", .routed = true, .place = {.uuid = "a"}});
  EXPECT_EQ(peers.with("a", PeerState::ready)->id, 5u);
  EXPECT_EQ(peers.socket("a", PeerState::connecting), nullptr);
  EXPECT_EQ(peers.routed(), 1u);
  peers.add({.id = 6});
  peers.enter(*peers.find(6), PeerState::ready, "a", 1s);
  EXPECT_EQ(peers.with("a", PeerState::ready)->id, 6u);
  EXPECT_EQ(peers.socket("a", PeerState::ready)->id, 6u);
  EXPECT_EQ(peers.ready_nodes(), std::vector<PeerId>{6});
  peers.check_invariants();
  peers.remove(5);
  EXPECT_EQ(peers.routed(), 0u);
  peers.check_invariants();
}

TEST(Peers, ChildrenAreCounted) {
  Peers peers;
  for (const PeerId id : {1, 2}) {
    peers.add({.id = id});
    peers.enter(*peers.find(id), PeerState::ready, "n" + std::to_string(id), 1s);
    peers.adopt(*peers.find(id));
    peers.adopt(*peers.find(id));
  }
  EXPECT_EQ(peers.child_count(), 2u);
  peers.release(1);
  EXPECT_FALSE(peers.find(1)->child);
  EXPECT_EQ(peers.children(), std::vector<PeerId>{2});
  peers.remove(2);
  EXPECT_EQ(peers.child_count(), 0u);
  peers.check_invariants();
}

TEST(Peers, AreBounded) {
  Peers peers;
  for (PeerId id = 1; id <= max_peers; ++id) EXPECT_NE(peers.add({.id = id}), nullptr);
  EXPECT_EQ(peers.add({.id = max_peers + 1}), nullptr);
  // Those without a socket are counted apart.
  for (PeerId id = 1; id <= max_routed; ++id)
    EXPECT_NE(peers.add({.id = first_own_id + id, .state = PeerState::ready, .routed = true}), nullptr);
  EXPECT_EQ(peers.add({.id = first_own_id + max_routed + 1, .state = PeerState::ready, .routed = true}),
            nullptr);
}

TEST(Rng, JittersAroundATime) {
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const Time time = rng.jittered(1s);
    EXPECT_GE(time, 750ms);
    EXPECT_LE(time, 1250ms);
  }
  EXPECT_EQ(rng.hex(32).size(), 32u);
  EXPECT_NE(rng.hex(32), rng.hex(32));
}

}  // namespace
}  // namespace astral::core
