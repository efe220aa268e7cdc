// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/asking_players.hpp"

#include <gtest/gtest.h>

namespace astral::runtime {
namespace {

TEST(AskingPlayers, AreCountedByAddressWhileTheyAsk) {
  AskingPlayers players;
  players.asked("talk", "10.0.0.1", 1s);
  players.asked("talk", "10.0.0.1", 2s);
  players.asked("talk", "10.0.0.2", 8s);
  players.asked("film", "10.0.0.1", 8s);
  EXPECT_EQ(players.count("talk"), 2u);
  EXPECT_EQ(players.count("film"), 1u);
  EXPECT_EQ(players.count("none"), 0u);
  players.drop_old(2s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("talk"), 1u);
  players.drop_old(8s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("talk") + players.count("film"), 0u);
}

TEST(AskingPlayers, AreBounded) {
  AskingPlayers players;
  for (std::size_t i = 0; i < AskingPlayers::most; ++i) players.asked("talk", std::to_string(i), 1s);
  players.asked("film", "late", 2s);
  EXPECT_EQ(players.count("film"), 0u);
  players.asked("talk", "0", 3s);  // one that is known stays
  players.asked("film", "later", 1s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("film"), 1u);
  EXPECT_EQ(players.count("talk"), 1u);
}

}  // namespace
}  // namespace astral::runtime
