// SPDX-License-Identifier: BSD-3-Clause
// The ring of keys: fixed values, which node is next to a key, which links a supernode wants.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "core/overlay.hpp"

namespace astral::core {
namespace {

// Nodes of all versions must agree on these values.
TEST(Overlay, KeysAreTheSameEverywhere) {
  const std::pair<const char *, Key> table[] = {
      {"", 17665956581633026203u},
      {"a", 198367012849983736u},
      {"talk", 3316078843811997216u},
      {"0b9ff68e-31f5-4b70-8b33-6e7d2f3fcb34", 10252870303960726036u},
  };
  for (const auto &[name, key] : table) EXPECT_EQ(key_of(name), key) << name;
}

std::size_t distance(const Uuid &a, const Uuid &b) {
  return static_cast<std::size_t>(std::countl_zero(key_of(a) ^ key_of(b)));
}
Uuid name(std::size_t i) {
  return "n" + std::to_string(i);
}

TEST(Overlay, KnowsALimitedNumberOfEachDistanceAndNotItself) {
  Overlay overlay("us");
  EXPECT_FALSE(overlay.know("us"));
  std::map<std::size_t, std::size_t> known;
  for (std::size_t i = 0; i < 1'000; ++i) {
    const bool room = known[distance("us", name(i))] < Overlay::known_per_distance;
    EXPECT_EQ(overlay.know(name(i)), room) << i;
    if (room) ++known[distance("us", name(i))];
    EXPECT_FALSE(overlay.know(name(i)));
  }
  EXPECT_LT(overlay.known(), 150u);
  EXPECT_GT(overlay.known(), 50u);
  EXPECT_TRUE(overlay.knows(name(0)));
  overlay.forget(name(0));
  EXPECT_FALSE(overlay.knows(name(0)));
  overlay.clear();
  EXPECT_EQ(overlay.known(), 0u);
}

TEST(Overlay, NextIsTheLinkNearestToTheKeyOrNone) {
  Overlay overlay("us");
  const Key key = key_of("talk");
  for (std::size_t i = 0; i < 40; ++i) overlay.know(name(i));
  EXPECT_EQ(overlay.next(key), std::nullopt);  // known, but not linked
  PeerId nearest = 0;
  Key best = key_of("us") ^ key;
  for (std::size_t i = 0; i < 40; ++i) {
    overlay.link(name(i), i + 1);
    if ((key_of(name(i)) ^ key) >= best) continue;
    best = key_of(name(i)) ^ key;
    nearest = i + 1;
  }
  ASSERT_NE(nearest, 0u);
  EXPECT_EQ(overlay.next(key), nearest);
  EXPECT_EQ(overlay.next(key_of("us")), std::nullopt);  // no node is nearer to our own key
  overlay.unlink(nearest);
  EXPECT_NE(overlay.next(key), nearest);
  EXPECT_EQ(overlay.links().size(), 39u);
}

// Each supernode passes a message to a nearer one, so all routes to a key end at the same owner.
TEST(Overlay, AllRoutesToAKeyEndAtOneKeyOwner) {
  constexpr std::size_t count = 60;
  std::vector<Overlay> overlays;
  for (std::size_t i = 0; i < count; ++i) overlays.emplace_back(name(i));
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t other = 0; other < count; ++other) overlays[i].know(name(other));
  for (std::size_t i = 0; i < count; ++i)
    for (const Uuid &uuid : overlays[i].wanted()) {
      const auto other = static_cast<std::size_t>(std::stoul(uuid.substr(1)));
      overlays[i].link(uuid, other + 1);
      overlays[other].link(name(i), i + 1);
    }
  for (std::size_t k = 0; k < 50; ++k) {
    const Key key = key_of("stream-" + std::to_string(k));
    std::set<std::size_t> owners;
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t at = i;
      std::size_t steps = 0;
      while (const auto next = overlays[at].next(key)) {
        at = static_cast<std::size_t>(*next - 1);
        ++steps;
      }
      EXPECT_LE(steps, 6u);  // log2(60)
      owners.insert(at);
    }
    EXPECT_EQ(owners.size(), 1u) << k;
  }
}

TEST(Overlay, CopiesAreTheNearestLinksInOrder) {
  Overlay overlay("us");
  const Key key = key_of("talk");
  std::map<Key, PeerId> order;
  for (std::size_t i = 0; i < 20; ++i) {
    overlay.link(name(i), i + 1);
    order[key_of(name(i)) ^ key] = i + 1;
  }
  const std::vector<PeerId> copies = overlay.copies(key, 3);
  auto expected = order.begin();
  ASSERT_EQ(copies.size(), 3u);
  for (const PeerId copy : copies) EXPECT_EQ(copy, (expected++)->second);
  EXPECT_EQ(overlay.copies(key, 100).size(), 20u);
  EXPECT_TRUE(Overlay("us").copies(key, 3).empty());
}

TEST(Overlay, WantsALimitedNumberOfLinksOfEachDistance) {
  Overlay overlay("us");
  std::map<std::size_t, std::size_t> known;
  for (std::size_t i = 0; i < 200; ++i)
    if (overlay.know(name(i))) ++known[distance("us", name(i))];
  std::map<std::size_t, std::size_t> wanted;
  PeerId peer = 0;
  for (const Uuid &uuid : overlay.wanted()) {
    ++wanted[distance("us", uuid)];
    overlay.link(uuid, ++peer);
  }
  for (const auto &[at, count] : known) EXPECT_EQ(wanted[at], std::min(count, Overlay::links_per_distance));
  EXPECT_TRUE(overlay.wanted().empty());
  for (PeerId id = 1; id <= peer; ++id) EXPECT_TRUE(overlay.needed(id));
  EXPECT_FALSE(overlay.needed(peer + 1));
  overlay.unlink(1);
  EXPECT_EQ(overlay.wanted().size(), 1u);
}

TEST(Overlay, NeedsNoLinkOfADistanceThatHasMoreThanItsNumber) {
  Overlay overlay("us");
  std::vector<Uuid> far;
  for (std::size_t i = 0; far.size() < Overlay::links_per_distance + 1; ++i)
    if (distance("us", name(i)) == 0) far.push_back(name(i));
  PeerId peer = 0;
  for (std::size_t i = 0; i + 1 < far.size(); ++i) overlay.link(far[i], ++peer);
  EXPECT_TRUE(overlay.needed(1));
  overlay.link(far.back(), ++peer);
  for (PeerId id = 1; id <= peer; ++id) EXPECT_FALSE(overlay.needed(id));
  overlay.unlink(peer);
  EXPECT_TRUE(overlay.needed(1));
}

TEST(Overlay, ASecondSessionChangesNothing) {
  Overlay overlay("us");
  overlay.link("a", 1);
  overlay.link("a", 2);
  EXPECT_EQ(overlay.links(), std::vector<PeerId>{1});
  overlay.unlink(2);
  EXPECT_EQ(overlay.links(), std::vector<PeerId>{1});
  overlay.link("us", 3);
  EXPECT_EQ(overlay.links().size(), 1u);
}

TEST(Overlay, NearestLeavesOutTheNodeOfTheKey) {
  Overlay overlay("us");
  for (std::size_t i = 0; i < 10; ++i) overlay.know(name(i));
  const std::vector<Uuid> near = overlay.nearest(key_of(name(3)), 4);
  ASSERT_EQ(near.size(), 4u);
  for (std::size_t i = 0; i < near.size(); ++i) {
    EXPECT_NE(near[i], name(3));
    if (i > 0) {
      EXPECT_LT(key_of(near[i - 1]) ^ key_of(name(3)), key_of(near[i]) ^ key_of(name(3)));
    }
  }
  EXPECT_EQ(overlay.nearest(key_of(name(3)), 100).size(), 9u);
}

TEST(Overlay, SpreadNamesARandomNodeOfEachDistance) {
  Overlay overlay("us");
  std::set<std::size_t> distances;
  for (std::size_t i = 0; i < 200; ++i)
    if (overlay.know(name(i))) distances.insert(distance("us", name(i)));
  std::set<Uuid> firsts;
  for (std::uint64_t chance = 0; chance < 50; ++chance) {
    const std::vector<Uuid> spread = overlay.spread(100, chance);
    ASSERT_EQ(spread.size(), distances.size());
    for (std::size_t i = 1; i < spread.size(); ++i)
      EXPECT_LT(distance("us", spread[i - 1]), distance("us", spread[i]));
    firsts.insert(spread.front());
  }
  EXPECT_EQ(firsts.size(), Overlay::known_per_distance);
  EXPECT_EQ(overlay.spread(2, 7).size(), 2u);
  EXPECT_TRUE(overlay.spread(0, 7).empty());
}

// A peer that connects again and again as a supernode of another name does not take more and more memory.
TEST(Overlay, RemembersALimitedNumberOfNodesThatLeft) {
  Overlay overlay("us");
  for (std::size_t i = 0; i < 5000; ++i) {
    overlay.link(name(i), i + 1);
    overlay.unlink(i + 1);
  }
  EXPECT_LE(overlay.known(), 20 * Overlay::known_per_distance);
  std::map<std::size_t, std::size_t> counts;
  for (std::size_t i = 0; i < 5000; ++i)
    if (overlay.knows(name(i))) ++counts[distance("us", name(i))];
  for (const auto &[at, count] : counts) EXPECT_LE(count, Overlay::known_per_distance);
}

}  // namespace
}  // namespace astral::core
