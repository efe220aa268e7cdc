// SPDX-License-Identifier: BSD-3-Clause
// How many may be connected from where, and who is late.
#include "http/connection_limiter.hpp"

#include <gtest/gtest.h>

namespace astral::http {
namespace {

const std::string here;  // this machine

TEST(ConnectionLimiter, OnePlaceHasItsBoundAndThisMachineHasNone) {
  ConnectionLimiter guests({.total = 10, .reserved = 2, .per_place = 2});
  const auto first = guests.enter("a", never);
  EXPECT_TRUE(first && guests.enter("a", never));
  EXPECT_EQ(guests.enter("a", never).error().detail, "too many connections from your address");
  EXPECT_TRUE(guests.enter("b", never));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(guests.enter(here, never));
  guests.leave(*first);
  EXPECT_TRUE(guests.enter("a", never));
  guests.leave(*first);  // a second time: nothing
  EXPECT_FALSE(guests.enter("a", never));
}

TEST(ConnectionLimiter, StrangersLeaveRoomForThisMachine) {
  ConnectionLimiter guests({.total = 4, .reserved = 1, .per_place = 10});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(guests.enter("a", never));
  EXPECT_EQ(guests.enter("b", never).error().detail, "too many are connected");
  EXPECT_EQ(guests.enter("b", never).error().code, Code::no_room);
  EXPECT_TRUE(guests.enter(here, never));
  EXPECT_EQ(guests.enter(here, never).error().detail, "too many are connected");
  EXPECT_EQ(guests.count(), 4u);
}

TEST(ConnectionLimiter, WhoIsTurnedAwayTakesNobodysPlace) {
  ConnectionLimiter guests({.total = 1, .reserved = 0, .per_place = 1, .turned_away = 2});
  const auto in = guests.enter("a", never);
  const auto away = guests.turn_away(never);
  EXPECT_TRUE(away && guests.turn_away(never));
  EXPECT_FALSE(guests.turn_away(never));
  guests.leave(*in);
  EXPECT_TRUE(guests.enter("b", never));
  guests.leave(*away);
  EXPECT_TRUE(guests.turn_away(never));
}

TEST(ConnectionLimiter, AreLateAtTheirDeadline) {
  ConnectionLimiter guests({});
  EXPECT_EQ(guests.deadline(), never);
  const auto a = guests.enter("a", 10s), b = guests.enter("a", 10s), c = guests.enter(here, 20s);
  EXPECT_EQ(guests.deadline(), 10s);
  EXPECT_TRUE(guests.late(10s - 1ns).empty());
  EXPECT_EQ(guests.late(10s), (std::set<ConnectionLimiter::Id>{*a, *b}));
  guests.wait_until(*a, 30s);
  guests.leave(*b);
  EXPECT_EQ(guests.deadline(), 20s);
  guests.wait_until(*c, never);
  EXPECT_EQ(guests.late(29s), std::set<ConnectionLimiter::Id>{});
  EXPECT_EQ(guests.late(30s), std::set<ConnectionLimiter::Id>{*a});
  guests.wait_until(*b, 1s);  // has gone
  EXPECT_EQ(guests.deadline(), 30s);
}

}  // namespace
}  // namespace astral::http
