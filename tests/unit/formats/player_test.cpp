// SPDX-License-Identifier: BSD-3-Clause
#include "formats/player.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::formats {
namespace {

struct Words : Player {
  void on_frame(const Slice &frame, bool is_start) override {
    text += (is_start ? " *" : " ") + std::string(as_text(frame.bytes()));
  }
  void on_break() override { text += " |"; }
  void on_over(const Error &error) override { text += " over: " + error.detail; }
  std::string take() { return std::exchange(text, ""); }
  std::string text;
};

Slice slice(const std::string &text) {
  return Slice::copy(as_bytes(text));
}

TEST(Fanout, ANewPlayerBeginsWithTheNewestGroup) {
  Words first, second, third;
  Fanout fanout;
  fanout.set_header(slice("H"));
  fanout.push(slice("a0"), false);
  fanout.join(first);
  fanout.push(slice("a1"), false);  // its group's start was missed
  EXPECT_EQ(first.take(), " *H");
  fanout.push(slice("b0"), true);
  fanout.push(slice("b1"), false);
  fanout.join(second);
  fanout.push(slice("b2"), false);
  fanout.push(slice("c0"), true);
  EXPECT_EQ(first.take(), " *b0 b1 b2 *c0");
  EXPECT_EQ(second.take(), " *H *b0 b1 b2 *c0");
  fanout.leave(first);
  fanout.join(third);
  EXPECT_EQ(third.take(), " *H *c0");
  EXPECT_EQ(fanout.players(), 2u);
}

TEST(Fanout, AWaitingPlayerGetsTheFirstHeaderAndThenOnlyTheNews) {
  Words player;
  Fanout fanout;
  fanout.join(player);
  fanout.set_header(slice("H"), slice("h"));
  fanout.set_header(slice("I"), slice("i"));
  fanout.set_header(slice("J"));
  EXPECT_EQ(player.take(), " *H i");
}

TEST(Fanout, ANewPlayerWaitsForAStartAfterABreak) {
  Words player, late;
  Fanout fanout;
  fanout.push(slice("a0"), true);
  fanout.join(player);
  fanout.mark_break();
  fanout.push(slice("a2"), false);
  fanout.join(late);
  fanout.push(slice("a3"), false);
  fanout.push(slice("b0"), true);
  EXPECT_EQ(player.take(), " *a0 | a2 a3 *b0");
  EXPECT_EQ(late.take(), " *b0");
}

TEST(Fanout, APlayerThatJoinsAfterTheEndGetsTheError) {
  Words player, late;
  Fanout fanout;
  fanout.join(player);
  fanout.end({Code::unsupported, "no FLV"});
  EXPECT_EQ(player.take(), " over: no FLV");
  fanout.join(late);
  EXPECT_EQ(late.take(), " over: no FLV");
  EXPECT_EQ(fanout.players(), 0u);
}

TEST(Fanout, AGroupThatIsTooLargeIsNotKept) {
  Words player;
  Fanout fanout;
  const Slice large = slice(std::string(Fanout::max_group / 4 + 1, 'x'));
  for (int i = 0; i < 4; ++i) fanout.push(large, i == 0);
  fanout.join(player);
  EXPECT_EQ(player.take(), "");
}

}  // namespace
}  // namespace astral::formats
