// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/asking_players.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::runtime {
namespace {

AskingPlayer of(const std::string &address, const std::string &program = "",
                const std::string &session = "") {
  return {.address = address, .program = program, .session = session};
}

TEST(AskingPlayers, AreCountedWhileTheyAsk) {
  AskingPlayers players;
  players.asked("talk", of("10.0.0.1"), 1s);
  players.asked("talk", of("10.0.0.1"), 2s);
  players.asked("talk", of("10.0.0.2"), 8s);
  players.asked("film", of("10.0.0.1"), 8s);
  EXPECT_EQ(players.count("talk"), 2u);
  EXPECT_EQ(players.count("film"), 1u);
  EXPECT_EQ(players.count("none"), 0u);
  players.drop_old(2s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("talk"), 1u);
  players.drop_old(8s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("talk") + players.count("film"), 0u);
}

// Each program's first request has no session.
TEST(AskingPlayers, AreToldApartBehindOneAddress) {
  AskingPlayers players;
  for (const std::string session : {"", "a", "a", "", "b", "b"})
    players.asked("talk", of("10.0.0.1", "Firefox", session), 1s);
  EXPECT_EQ(players.count("talk"), 2u);
  players.asked("talk", of("10.0.0.1", "VLC"), 1s);
  players.asked("talk", of("10.0.0.1", "VLC"), 2s);
  players.asked("talk", of("10.0.0.1", "Safari"), 2s);
  EXPECT_EQ(players.count("talk"), 4u);
  players.asked("talk", of("10.0.0.1", "Safari", "c"), 3s);
  EXPECT_EQ(players.count("talk"), 4u);
}

TEST(AskingPlayers, AreBounded) {
  AskingPlayers players;
  for (std::size_t i = 0; i < AskingPlayers::most; ++i) players.asked("talk", of(std::to_string(i)), 1s);
  players.asked("film", of("late"), 2s);
  EXPECT_EQ(players.count("film"), 0u);
  players.asked("talk", of("0"), 3s);  // one that is known stays
  players.asked("film", of("later"), 1s + AskingPlayers::gone_after);
  EXPECT_EQ(players.count("film"), 1u);
  EXPECT_EQ(players.count("talk"), 1u);
}

// It can say that it is anybody.
TEST(AskingPlayers, OfOneAddressAreBounded) {
  AskingPlayers players;
  for (int i = 0; i < 1000; ++i) players.asked("talk", of("10.0.0.1", std::to_string(i)), 1s);
  EXPECT_EQ(players.count("talk"), AskingPlayers::most_of_address);
  for (int i = 0; i < 1000; ++i) players.asked("talk", of("10.0.0.1", "", std::to_string(i)), 1s);
  EXPECT_EQ(players.count("talk"), AskingPlayers::most_of_address);
  players.asked("talk", of("10.0.0.0"), 1s);
  players.asked("talk", of("10.0.0.10"), 1s);
  EXPECT_EQ(players.count("talk"), AskingPlayers::most_of_address + 2);
}

}  // namespace
}  // namespace astral::runtime
