// SPDX-License-Identifier: BSD-3-Clause
// How many connections are allowed, in all and from one place, and which are past their deadline.
#include "http/connection_limiter.hpp"

#include <gtest/gtest.h>

namespace astral::http {
namespace {

const std::string here;  // this machine

TEST(ConnectionLimiter, EachPlaceHasALimitAndThisMachineHasNone) {
  ConnectionLimiter limiter({.total = 10, .reserved = 2, .per_place = 2});
  const auto first = limiter.enter("a", never);
  EXPECT_TRUE(first && limiter.enter("a", never));
  EXPECT_EQ(limiter.enter("a", never).error().detail, "too many connections from your address");
  EXPECT_TRUE(limiter.enter("b", never));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.enter(here, never));
  limiter.leave(*first);
  EXPECT_TRUE(limiter.enter("a", never));
  limiter.leave(*first);  // a second time: does nothing
  EXPECT_FALSE(limiter.enter("a", never));
}

TEST(ConnectionLimiter, SomeConnectionsAreReservedForThisMachine) {
  ConnectionLimiter limiter({.total = 4, .reserved = 1, .per_place = 10});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.enter("a", never));
  EXPECT_EQ(limiter.enter("b", never).error().detail, "too many are connected");
  EXPECT_EQ(limiter.enter("b", never).error().code, Code::no_room);
  EXPECT_TRUE(limiter.enter(here, never));
  EXPECT_EQ(limiter.enter(here, never).error().detail, "too many are connected");
  EXPECT_EQ(limiter.count(), 4u);
}

TEST(ConnectionLimiter, ConnectionsThatAreTurnedAwayAreCountedApart) {
  ConnectionLimiter limiter({.total = 1, .reserved = 0, .per_place = 1, .turned_away = 2});
  const auto in = limiter.enter("a", never);
  const auto away = limiter.turn_away(never);
  EXPECT_TRUE(away && limiter.turn_away(never));
  EXPECT_FALSE(limiter.turn_away(never));
  limiter.leave(*in);
  EXPECT_TRUE(limiter.enter("b", never));
  limiter.leave(*away);
  EXPECT_TRUE(limiter.turn_away(never));
}

TEST(ConnectionLimiter, ConnectionsAreLateAtTheirDeadline) {
  ConnectionLimiter limiter({});
  EXPECT_EQ(limiter.deadline(), never);
  const auto a = limiter.enter("a", 10s), b = limiter.enter("a", 10s), c = limiter.enter(here, 20s);
  EXPECT_EQ(limiter.deadline(), 10s);
  EXPECT_TRUE(limiter.late(10s - 1ns).empty());
  EXPECT_EQ(limiter.late(10s), (std::set<ConnectionLimiter::Id>{*a, *b}));
  limiter.wait_until(*a, 30s);
  limiter.leave(*b);
  EXPECT_EQ(limiter.deadline(), 20s);
  limiter.wait_until(*c, never);
  EXPECT_EQ(limiter.late(29s), std::set<ConnectionLimiter::Id>{});
  EXPECT_EQ(limiter.late(30s), std::set<ConnectionLimiter::Id>{*a});
  limiter.wait_until(*b, 1s);  // has left already
  EXPECT_EQ(limiter.deadline(), 30s);
}

}  // namespace
}  // namespace astral::http
