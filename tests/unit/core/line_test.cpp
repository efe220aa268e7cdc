// SPDX-License-Identifier: BSD-3-Clause
// What a node knows of its line: from measurements, and from the links to its children.
#include "core/line.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bench.hpp"

namespace astral::core {
namespace {

constexpr Time near = 20ms, queued = 300ms;

// Seconds of links that send so many kilobytes a second each, with such a round trip.
struct Stretch {
  int seconds = 0;
  std::vector<std::uint64_t> kbytes = {};
  std::vector<Time> rtts = {};
};

struct Lesson {
  const char *name;
  std::vector<Stretch> stretches;
  std::optional<std::uint64_t> at_least_kbps, at_most_kbps;
};

void PrintTo(const Lesson &row, std::ostream *out) {
  *out << row.name;
}

class Learning : public testing::TestWithParam<Lesson> {};

TEST_P(Learning, OnlyAnEmptyQueueSaysMoreAndOnlyFullQueuesOnAllLinksSayLess) {
  LineLearner learner;
  Time now{};
  std::vector<std::uint64_t> sent(3);
  std::optional<std::uint64_t> at_least, at_most;
  for (const Stretch &stretch : GetParam().stretches)
    for (int second = 0; second < stretch.seconds; ++second) {
      now += 1s;
      std::vector<LinkSeen> links;
      for (std::size_t i = 0; i < stretch.kbytes.size(); ++i) {
        sent[i] += stretch.kbytes[i] * 1000;
        links.push_back({.ticket = std::to_string(i), .bytes_sent = sent[i], .rtt = stretch.rtts[i]});
      }
      const LineLearner::Verdict verdict = learner.see(links, now);
      if (verdict.at_least) at_least = *verdict.at_least / 1000;
      if (verdict.at_most) at_most = *verdict.at_most / 1000;
    }
  EXPECT_EQ(at_least, GetParam().at_least_kbps);
  EXPECT_EQ(at_most, GetParam().at_most_kbps);
}

INSTANTIATE_TEST_SUITE_P(
    Line, Learning,
    testing::Values(
        Lesson{"no links", {{20, {}, {}}}, {}, {}},  //
        Lesson{"one child without a queue", {{12, {560}, {near}}}, 4'480, {}},
        Lesson{"too short", {{6, {560}, {near}}}, {}, {}},
        Lesson{"two children", {{12, {560, 560}, {near, near}}}, 8'960, {}},
        Lesson{"the slowest second counts",
               {{5, {560}, {near}}, {1, {100}, {near}}, {4, {560}, {near}}},
               800,
               {}},
        Lesson{
            "all are queued", {{4, {560, 560}, {near, near}}, {4, {560, 560}, {queued, queued}}}, {}, 8'960},
        Lesson{"not for long", {{4, {560, 560}, {near, near}}, {2, {560, 560}, {queued, queued}}}, {}, {}},
        Lesson{"one of two has a thin line",
               {{4, {560, 560}, {near, near}}, {20, {560, 100}, {near, queued}}},
               5'280,
               {}},
        Lesson{"a single child has a thin line", {{4, {560}, {near}}, {20, {560}, {queued}}}, {}, {}},
        Lesson{"a far child is not a queue", {{12, {560, 560}, {near, queued}}}, 8'960, {}}),
    [](const auto &row) {
      std::string name = row.param.name;
      for (char &c : name)
        if (c == ' ') c = '_';
      return name;
    });

// A node that measures, and has not been measured yet.
struct Measuring : testing::Test {
  static Settings settings() {
    Settings settings = Bench::settings();
    settings.measures = true;
    return settings;
  }
  void links(std::uint64_t kbytes, Time rtt, int seconds) {
    for (int second = 0; second < seconds; ++second) {
      bench.now += 1s;
      LinksSeen seen;
      sent += kbytes * 1000;
      for (const char *child : {"one", "two"})
        seen.links.push_back({.ticket = child, .bytes_sent = sent, .rtt = rtt});
      bench.say(seen);
    }
  }
  std::uint64_t sent = 0;
  Bench bench{settings()};
};

TEST_F(Measuring, OneChildMayTryALineThatIsNotKnown) {
  bench.fed_own();
  EXPECT_EQ(bench.node.places("own"), 1u);
  bench.hears(Bench::primary, bench.wish("own"));
  EXPECT_EQ(bench.node.places("own"), 0u);
  EXPECT_EQ(bench.node.fed_children(), 1u);
}

TEST_F(Measuring, TakesNoChildWhileItsUnknownLineIsMeasured) {
  bench.fed_own();
  bench.say(MeasuringBegun{});
  EXPECT_EQ(bench.node.places("own"), 0u);
  bench.say(BandwidthMeasured{.by_other = true});  // it failed
  EXPECT_EQ(bench.node.places("own"), 1u);
  bench.say(MeasuringBegun{});
  bench.say(BandwidthMeasured{.upstream_bps = 2'000'000, .by_other = true});
  EXPECT_EQ(bench.node.places("own"), 2u);
  bench.say(MeasuringBegun{});
  EXPECT_EQ(bench.node.places("own"), 2u);
}

TEST_F(Measuring, LeavesAFifthFree) {
  bench.fed_own();
  bench.say(BandwidthMeasured{.upstream_bps = 10'000'000});
  EXPECT_EQ(bench.node.upstream_bps(), 8'000'000u);
  EXPECT_EQ(bench.node.self().upstream_kbps, 10'000u);
  EXPECT_EQ(bench.node.places("own"), 13u);
}

TEST_F(Measuring, ANodeThatMeasuresWithUsMayBeTheSlowerOne) {
  bench.fed_own();
  bench.say(BandwidthMeasured{.upstream_bps = 300'000, .by_other = true});
  EXPECT_EQ(bench.node.places("own"), 1u);
  bench.hears(Bench::primary, bench.wish("own"));
  bench.say(MediaMeasured{.slug = "own", .rate_bps = 1'000'000});
  EXPECT_EQ(bench.node.fed_children(), 1u);  // it stays, though its place is more than the limit
  EXPECT_EQ(bench.node.places("own"), 0u);
  LinksSeen thin;
  for (int second = 0; second < 6; ++second) {
    bench.now += 1s;
    thin.links = {{.ticket = "one", .bytes_sent = sent += 40'000, .rtt = second < 2 ? near : queued}};
    bench.say(thin);
  }
  EXPECT_EQ(bench.node.places("own"), 1u);  // another child may show whose line is thin
  sent = 0;
  links(125, near, 12);
  EXPECT_EQ(bench.node.self().upstream_kbps, 5'000u);
  EXPECT_EQ(bench.node.places("own"), 2u);
}

TEST_F(Measuring, TheHighestFigureCounts) {
  bench.say(BandwidthMeasured{.upstream_bps = 2'000'000, .by_other = true});
  bench.say(BandwidthMeasured{.upstream_bps = 10'000'000, .by_other = true});
  bench.say(BandwidthMeasured{.upstream_bps = 3'000'000, .by_other = true});
  EXPECT_EQ(bench.node.upstream_bps(), 8'000'000u);
}

TEST_F(Measuring, TheLocalNetworkDoesNotCountOnceTheLineIsKnown) {
  bench.say(BandwidthMeasured{.upstream_bps = 900'000'000, .near = true});
  EXPECT_EQ(bench.node.upstream_bps(), 720'000'000u);
  bench.say(BandwidthMeasured{.upstream_bps = 10'000'000, .by_other = true});
  EXPECT_EQ(bench.node.upstream_bps(), 8'000'000u);
  bench.say(BandwidthMeasured{.upstream_bps = 900'000'000, .near = true});
  EXPECT_EQ(bench.node.upstream_bps(), 8'000'000u);
}

TEST_F(Measuring, ARoughFigureLetsOneChildTry) {
  bench.fed_own();
  bench.say(BandwidthMeasured{.upstream_bps = 300'000, .rough = true});
  EXPECT_EQ(bench.node.places("own"), 1u);
  bench.say(BandwidthMeasured{.upstream_bps = 300'000});
  EXPECT_EQ(bench.node.places("own"), 0u);
}

TEST_F(Measuring, GrowsWithItsLinksUntilTheyHaveAQueue) {
  links(560, near, 12);
  EXPECT_EQ(bench.node.self().upstream_kbps, 22'400u);  // two and a half times what was sent
  links(700, near, 10);
  EXPECT_EQ(bench.node.self().upstream_kbps, 28'000u);
  links(750, queued, 4);
  EXPECT_EQ(bench.node.self().upstream_kbps, 12'000u);
  links(750, near, 20);
  EXPECT_EQ(bench.node.self().upstream_kbps, 12'000u);  // it is known well now
}

TEST_F(Measuring, AStrangerWhoMeasuresAgainAndAgainDoesNotKeepTheChildrenAway) {
  bench.fed_own();
  for (int second = 0; second < 59; ++second) {
    bench.say(MeasuringBegun{});
    EXPECT_EQ(bench.node.places("own"), second == 0 ? 0u : 1u) << second;
    bench.say(BandwidthMeasured{.by_other = true});
    bench.now += 1s;
    bench.say(Tick{});
  }
  bench.now += 1s;
  bench.say(MeasuringBegun{});
  EXPECT_EQ(bench.node.places("own"), 0u);
}

TEST_F(Measuring, WhatFullLinksToldIsDoubtedAfterTenMinutes) {
  links(560, near, 12);
  links(750, queued, 4);
  EXPECT_EQ(bench.node.self().upstream_kbps, 12'000u);
  links(750, near, 560);
  EXPECT_EQ(bench.node.self().upstream_kbps, 12'000u);
  bench.wait(40s);
  links(750, near, 20);
  EXPECT_EQ(bench.node.self().upstream_kbps, 30'000u);
}

TEST(Line, AGivenLimitStays) {
  Settings settings = Measuring::settings();
  settings.upstream_bps = 5'600'000;
  Bench bench(settings);
  bench.fed_own();
  bench.say(BandwidthMeasured{.upstream_bps = 90'000'000});
  EXPECT_EQ(bench.node.upstream_bps(), 5'600'000u);
  EXPECT_EQ(bench.node.places("own"), 9u);
}

// Counts the measurements that a node asks for.
struct WhenToMeasure : Measuring {
  bool asks(const Input &input) {
    Effects effects;
    bench.node.handle(input, bench.now, effects);
    for (const Effect &effect : effects)
      if (const auto *measure = std::get_if<MeasureBandwidth>(&effect)) upstream = measure->upstream;
    return std::any_of(effects.begin(), effects.end(),
                       [](const Effect &effect) { return std::holds_alternative<MeasureBandwidth>(effect); });
  }
  bool asks_within(Time time) {
    for (const Time end = bench.now + time; bench.now < end;) {
      bench.now += 1s;
      bench.hears(Bench::primary, Heartbeat{});
      if (asks(Tick{})) return true;
    }
    return false;
  }
  bool upstream = false;
};

TEST_F(WhenToMeasure, MeasuresAgainAfterAMinuteWhileTheFigureIsRough) {
  EXPECT_FALSE(asks(BandwidthMeasured{.upstream_bps = 300'000, .rough = true}));
  EXPECT_FALSE(asks_within(54s));
  EXPECT_TRUE(asks_within(12s));
  EXPECT_TRUE(upstream);
  EXPECT_FALSE(asks(BandwidthMeasured{.upstream_bps = 300'000}));
  EXPECT_FALSE(asks_within(300s));
}

TEST_F(WhenToMeasure, AsksAnOtherThatMeasuresOnlyRoughlyEachTimeLater) {
  const BandwidthMeasured rough{.upstream_bps = 300'000, .rough = true};
  asks(rough);
  for (const Time pause : {60s, 120s, 240s, 480s, 960s, 1920s, 3600s, 3600s}) {
    EXPECT_FALSE(asks_within(pause - 6s));
    EXPECT_TRUE(asks_within(12s));
    asks(rough);
  }
}

TEST_F(WhenToMeasure, DoesNotMeasureWhileItFeedsAChild) {
  bench.child_confirmed();
  asks(BandwidthMeasured{});
  for (int i = 0; i < 10; ++i) {
    bench.hears(1, Heartbeat{.tickets = {bench.given}});
    EXPECT_FALSE(asks_within(10s));
  }
  bench.hears(1, Cancel{.ticket = bench.given});
  EXPECT_TRUE(asks_within(6s));
}

}  // namespace
}  // namespace astral::core
