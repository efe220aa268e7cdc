// SPDX-License-Identifier: BSD-3-Clause
// The small books of a node, each alone.
#include <gtest/gtest.h>

#include <map>

#include "core/agenda.hpp"
#include "core/limits.hpp"
#include "core/peers.hpp"
#include "core/rng.hpp"
#include "core/room.hpp"

namespace astral::core {
namespace {

TEST(Room, CountsUnmeasuredStreamsAsTheFirstAstralDid) {
  Room room(1'200'000, 100);
  EXPECT_TRUE(room.take("a"));
  EXPECT_TRUE(room.take("b"));
  EXPECT_FALSE(room.take("a"));
  EXPECT_EQ(room.used_bps(), 1'200'000u);
  room.give_back("b");
  EXPECT_TRUE(room.take("a"));
}

TEST(Room, KeepsWhatItGaveWhenTheRateRises) {
  Room room(1'000'000, 100);
  room.measured("a", 400'000);
  EXPECT_TRUE(room.take("a"));
  EXPECT_TRUE(room.take("a"));
  room.measured("a", 900'000);
  EXPECT_EQ(room.used_bps(), 1'800'000u);
  EXPECT_FALSE(room.fits("a"));
  EXPECT_FALSE(room.fits("b"));
  room.give_back("a");
  EXPECT_FALSE(room.fits("a"));
}

TEST(Room, FallsSlowlyAndNeverToNothing) {
  Room room(1'000'000, 100);
  room.measured("a", 800'000);
  room.measured("a", 0);
  EXPECT_EQ(room.rate_bps("a"), 800'000u);
  room.measured("a", 1'000);
  EXPECT_EQ(room.rate_bps("a"), 700'000u);
  for (int i = 0; i < 100; ++i) room.measured("a", 1'000);
  EXPECT_EQ(room.rate_bps("a"), 1'000u);
}

TEST(Room, BelievesItsOwnMeasurementMoreThanTheSource) {
  Room room(std::nullopt, 100);
  StreamInfo told{
      .slug = "a", .name = "", .description = "", .source = "s", .media = "", .bitrate_kbps = 700};
  room.told(told);
  EXPECT_EQ(room.rate_bps("a"), 700'000u);
  room.measured("a", 500'000);
  room.told(told);
  EXPECT_EQ(room.rate_bps("a"), 500'000u);
  told.slug = "b";
  told.bitrate_kbps = UINT64_MAX;  // nonsense does not overflow the sum
  room.told(told);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(room.take("b"));
  EXPECT_EQ(room.used_bps(), 50 * max_rate_kbps * 1000);
}

// One stream, or a quarter of all there is.
TEST(Room, LendsABitBeyondItself) {
  Room small(700'000, 100);
  EXPECT_TRUE(small.take("a"));
  EXPECT_TRUE(small.lend("a"));
  EXPECT_FALSE(small.lend("a"));
  EXPECT_EQ(small.used_bps(), 1'200'000u);
  EXPECT_EQ(small.lent_bps(), 600'000u);
  EXPECT_FALSE(small.repay("a"));
  small.give_back("a");
  EXPECT_TRUE(small.repay("a"));
  EXPECT_EQ(small.lent_bps(), 0u);
  EXPECT_FALSE(small.take("a"));

  Room large(12'000'000, 100);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(large.take("a"));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(large.lend("a"));
  EXPECT_FALSE(large.lend("a"));
  EXPECT_EQ(large.used_bps(), 15'000'000u);
  large.give_back("a", true);
  EXPECT_EQ(large.lent(), 4u);

  Room none(500'000, 100);
  EXPECT_FALSE(none.lend("a"));

  Room counted(std::nullopt, 1);
  EXPECT_TRUE(counted.take("a"));
  EXPECT_TRUE(counted.lend("a"));
  EXPECT_FALSE(counted.lend("a"));
  EXPECT_FALSE(counted.repay("a"));
  EXPECT_FALSE(Room(std::nullopt, 0).lend("a"));
}

TEST(Room, HasAMostOfChildrenWithoutALimit) {
  Room room(std::nullopt, 2);
  EXPECT_TRUE(room.take("a"));
  EXPECT_TRUE(room.take("b"));
  EXPECT_FALSE(room.take("c"));
  EXPECT_EQ(room.children("a"), 1u);
  room.give_back("a");
  EXPECT_EQ(room.children(), 1u);
  room.forget("a");
}

TEST(Room, TellsHowManyMoreItTakes) {
  Room room(2'500'000, 100);
  room.measured("a", 500'000);
  EXPECT_EQ(room.places("a"), 5u);
  EXPECT_EQ(room.places("b"), 4u);  // not measured: 600 kbit/s
  EXPECT_TRUE(room.take("a"));
  EXPECT_EQ(room.places("a"), 4u);
  room.limit(1'000'000);
  EXPECT_EQ(room.limit_bps(), 1'000'000u);
  EXPECT_EQ(room.places("a"), 1u);
  EXPECT_EQ(room.places("b"), 0u);
  room.limit(100);  // below what was given
  EXPECT_EQ(room.places("a"), 0u);
  EXPECT_FALSE(room.take("a"));
  EXPECT_EQ(room.children("a"), 1u);
}

TEST(Room, PlacesAreBounded) {
  EXPECT_EQ(Room(std::nullopt, 7).places("a"), 7u);
  EXPECT_EQ(Room(std::nullopt, 100'000).places("a"), max_room);
  EXPECT_EQ(Room(UINT64_MAX, 100'000).places("a"), max_room);
  EXPECT_EQ(Room(std::nullopt, 0).places("a"), 0u);
}

// Whatever is asked for in whatever order: what was taken never exceeds what there was when it was taken.
TEST(Room, IsNeverPromisedTwice) {
  Rng rng(1);
  Room room(3'000'000, 6);
  std::map<Slug, std::uint32_t> given;
  for (int i = 0; i < 5'000; ++i) {
    const Slug slug(1, static_cast<char>('a' + rng.below(4)));
    if (rng.below(3) == 0 && given[slug] > 0) {
      room.give_back(slug);
      --given[slug];
    } else if (rng.below(5) == 0) {
      room.measured(slug, 300'000 + rng.below(600'000));
    } else {
      const std::uint32_t places = room.places(slug);
      const bool took = room.take(slug);
      ASSERT_EQ(took, places > 0);
      if (!took) continue;
      ++given[slug];
      ASSERT_LE(room.used_bps(), 3'000'000u);
    }
    std::uint32_t all = 0;
    for (const auto &[name, count] : given) {
      ASSERT_EQ(room.children(name), count);
      all += count;
    }
    ASSERT_EQ(room.children(), all);
    ASSERT_LE(all, 6u);
  }
}

TEST(Agenda, TakesInOrderOfTimeAndOncePerKey) {
  Agenda agenda;
  EXPECT_EQ(agenda.next(), never);
  agenda.set({.due = Due::advert, .name = "b"}, 3s);
  agenda.set({.due = Due::advert, .name = "a"}, 2s);
  agenda.set({.due = Due::advert, .name = "b"}, 1s);
  EXPECT_EQ(agenda.next(), 1s);
  EXPECT_FALSE(agenda.take(999ms));
  EXPECT_EQ(agenda.take(5s)->name, "b");
  agenda.drop({.due = Due::advert, .name = "nothing"});
  EXPECT_EQ(agenda.take(5s)->name, "a");
  EXPECT_FALSE(agenda.take(5s));
}

TEST(Agenda, AKeyIsAllOfIt) {
  Agenda agenda;
  agenda.set({.due = Due::seed, .name = "a", .number = 1}, 1s);
  agenda.set({.due = Due::seed, .name = "a", .number = 2}, 1s);
  agenda.set({.due = Due::stream, .name = "a"}, 1s);
  EXPECT_EQ(agenda.size(), 3u);
  EXPECT_TRUE(agenda.has({.due = Due::seed, .name = "a", .number = 2}));
  EXPECT_FALSE(agenda.has({.due = Due::seed, .name = "b", .number = 2}));
  agenda.drop({.due = Due::seed, .name = "a", .number = 2});
  EXPECT_EQ(agenda.size(), 2u);
  agenda.set({.due = Due::stream, .name = "a"}, 3s);  // moved, not doubled
  EXPECT_EQ(agenda.size(), 2u);
  EXPECT_EQ(agenda.take(2s)->number, 1u);
  EXPECT_FALSE(agenda.take(2s));
  agenda.clear();
  EXPECT_EQ(agenda.next(), never);
  EXPECT_FALSE(agenda.take(never));
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
  EXPECT_EQ(peers.add({.id = first_own_id + max_routed + 1, .state = PeerState::ready, .routed = true}), nullptr);
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
