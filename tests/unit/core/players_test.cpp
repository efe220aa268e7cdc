// SPDX-License-Identifier: BSD-3-Clause
// A stream that was brought here for a player is given up when nobody plays it any more.
#include "three.hpp"

namespace astral::core {
namespace {

struct Players : Three {
  void asks(bool player) { world.call(v, AskTicket{.slug = "talk", .player = player}); }
  void fed() {
    EXPECT_TRUE(world.run_until([&] { return world.fed(v, "talk"); }, 5s));
  }
  void seen(bool any, int seconds) {
    for (int second = 0; second < seconds; ++second) {
      world.step(v, PlayersSeen{.slug = "talk", .any = any});
      world.run(1s);
    }
  }
  std::size_t given() { return world.node(p).tickets("talk").size(); }
};

TEST_F(Players, AStreamIsGivenUpThirtySecondsAfterItsLastPlayer) {
  asks(true);
  fed();
  seen(true, 60);
  EXPECT_TRUE(world.fed(v, "talk"));
  seen(false, 29);
  EXPECT_TRUE(world.fed(v, "talk"));
  seen(false, 2);
  EXPECT_FALSE(world.fed(v, "talk"));
  EXPECT_FALSE(world.node(v).has_media("talk"));
  EXPECT_EQ(given(), 1u);  // only its own, from the publisher
}

TEST_F(Players, APlayerThatComesBackKeepsIt) {
  asks(true);
  fed();
  seen(false, 25);
  seen(true, 1);
  seen(false, 29);
  EXPECT_TRUE(world.fed(v, "talk"));
}

TEST_F(Players, APlayerThatLeavesBeforeItIsSeenIsNoReason) {
  asks(true);
  fed();
  seen(false, 31);
  EXPECT_FALSE(world.fed(v, "talk"));
}

TEST_F(Players, WhatWasAskedForExplicitlyStaysUntilItIsRevoked) {
  for (const bool first : {true, false}) {
    asks(first);
    asks(!first);
    fed();
    seen(false, 120);
    EXPECT_TRUE(world.fed(v, "talk")) << first;
    world.call(v, RevokeTicket{.slug = "talk"});
    world.run(2s);
    EXPECT_FALSE(world.fed(v, "talk"));
  }
}

TEST_F(Players, ATicketThatAnotherNodeAskedForStays) {
  world.call(r, AskTicket{.slug = "talk", .destination = "v"});
  fed();
  seen(false, 120);
  EXPECT_TRUE(world.fed(v, "talk"));
}

TEST_F(Players, AnElementThatPlaysKeepsIt) {
  asks(true);
  const std::size_t element = world.play(v, "talk");
  fed();
  seen(false, 60);
  EXPECT_TRUE(world.fed(v, "talk"));
  world.hang_up(element);
  world.run(31s);
  EXPECT_FALSE(world.fed(v, "talk"));
}

TEST_F(Players, TheStreamsOfThisNodeAreNotConcerned) {
  for (int second = 0; second < 60; ++second) {
    world.step(p, PlayersSeen{.slug = "talk", .any = second < 20});
    world.run(1s);
  }
  EXPECT_TRUE(world.node(p).has_media("talk"));
}

}  // namespace
}  // namespace astral::core
