// SPDX-License-Identifier: BSD-3-Clause
// Seeded random walks of a world in which everything happens. Each node checks its invariants after each
// step. In the end the world must be at rest and each viewer must be fed.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "stream_rate.hpp"
#include "world.hpp"

namespace astral::core {
namespace {

class Walk : public testing::TestWithParam<std::uint64_t> {};

std::uint64_t walk(std::uint64_t seed) {
  Rng rng(seed);
  World world;
  constexpr std::size_t count = 8;
  for (std::size_t i = 0; i < count; ++i) {
    Settings settings;
    settings.seed = seed;
    settings.upstream_bps = 1'300'000;  // two children each
    if (i > 0) settings.bootstrap.push_back(World::address_of(rng.below(i)));
    world.add("n" + std::to_string(i), settings);
  }
  std::size_t sink = world.publish(0, "talk");
  bool published = true;
  std::vector<std::size_t> players;
  std::set<std::size_t> muted;
  world.run(2s);
  for (int step = 0; step < 600; ++step) {
    const std::size_t who = 1 + rng.below(count - 1);
    switch (rng.below(14)) {
      case 0:
      case 1:
      case 2:
        world.ask(who, "talk");
        break;
      case 3:
        world.call(who, RevokeTicket{.call = 0, .slug = "talk", .destination = {}});
        break;
      case 4:
        world.call(
            who,
            RevokeTicket{.call = 0, .slug = "talk", .destination = "n" + std::to_string(rng.below(count))});
        break;
      case 5:
        players.push_back(world.play(who, "talk"));
        break;
      case 6:
        if (players.empty()) break;
        world.hang_up(players.back());
        players.pop_back();
        break;
      case 7:
        world.hang_up(sink);
        published = false;
        break;
      case 8:
        if (!published) sink = world.publish(0, "talk");
        published = true;
        break;
      case 9:
        world.step(rng.below(count), MediaMeasured{.slug = "talk",
                                                   .rate_bps = 300'000 + rng.below(900'000),
                                                   .largest_group = static_cast<std::uint64_t>(step),
                                                   .caps = ""});
        break;
      case 10:
        world.links_fail = rng.below(4) == 0;
        break;
      case 11:
        if (muted.insert(who).second) world.mute(who);
        break;
      case 12:
        for (const std::size_t node : muted) world.mute(node, false);
        muted.clear();
        break;
      case 13:
        world.call(0, SetStreaming{.call = 0, .slug = "talk", .streaming = rng.below(2) == 0});
        break;
    }
    world.run(Time{static_cast<Time::rep>(rng.below(static_cast<std::uint64_t>(Time{1s}.count())))});
  }

  // Then nothing breaks any more: all nodes want the stream, and there is room for all.
  world.links_fail = false;
  for (const std::size_t node : muted) world.mute(node, false);
  if (!published) world.publish(0, "talk");
  world.call(0, SetStreaming{.call = 0, .slug = "talk", .streaming = true});
  for (std::size_t i = 0; i < count; ++i)
    for (int k = 0; k < 100; ++k)  // rates fall slowly
      world.step(
          i, MediaMeasured{.slug = "talk", .rate_bps = stream_kbps * 1000, .largest_group = 0, .caps = ""});
  world.run(60s);
  for (int round = 0; round < 4; ++round) {
    for (std::size_t i = 1; i < count; ++i)
      if (!world.fed(i, "talk")) world.ask(i, "talk");
    world.run(30s);
  }
  EXPECT_FALSE(world.circle("talk"));
  std::size_t given = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<Uuid> chain = world.chain(i, "talk");
    EXPECT_FALSE(chain.empty()) << "n" << i;
    if (const auto ticket = world.node(i).find_ticket("talk", {})) {
      EXPECT_EQ(ticket->hops + 1, chain.size()) << "n" << i;
    }
    given += world.node(i).fed_children();
  }
  EXPECT_EQ(given, count - 1);  // no ticket is left that the other end does not hold
  return world.hash();
}

TEST_P(Walk, EndsAtRestWithAllViewersFed) {
  EXPECT_EQ(walk(GetParam()), walk(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Walk, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace astral::core
