// SPDX-License-Identifier: BSD-3-Clause
// When a node has lapsed, which node may have a name, and which may change a stream.
#include "origin/records.hpp"

#include <gtest/gtest.h>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;
constexpr UnixTime start{1'700'000'000s};

Stream stream(std::string slug, std::string name, std::string source) {
  Stream made;
  made.slug = std::move(slug);
  made.name = std::move(name);
  made.source = std::move(source);
  return made;
}

TEST(Lapse, IsAfterAHundredSeconds) {
  EXPECT_TRUE(is_alive(start, start));
  EXPECT_TRUE(is_alive(start, start + 99s));
  EXPECT_FALSE(is_alive(start, start + 100s));
}

TEST(Lapse, AClockThatStepsBackLapsesNobody) {
  EXPECT_TRUE(is_alive(start, start - 1h));
}

TEST(Lapse, AStreamOfASilentNodeIsNotLive) {
  Stream made = stream("a", "A", "n");
  made.heard = start;
  EXPECT_FALSE(is_live(made, start));
  made.streaming = true;
  EXPECT_TRUE(is_live(made, start + 99s));
  EXPECT_FALSE(is_live(made, start + 100s));
}

TEST(Admit, AcceptsANewName) {
  EXPECT_EQ(admit(stream("a", "A", "n"), nullptr, nullptr), Change::created);
}

TEST(Admit, AcceptsTheSameNodeAgain) {
  const Stream known = stream("a", "A", "n");
  EXPECT_EQ(admit(stream("a", "A", "n"), &known, &known), Change::updated);
  EXPECT_EQ(admit(stream("a", "Another name", "n"), &known, nullptr), Change::updated);
}

TEST(Admit, RefusesATakenSlug) {
  const Stream known = stream("a", "A", "n");
  EXPECT_EQ(admit(stream("a", "B", "m"), &known, nullptr).error().code, Code::conflict);
}

TEST(Admit, RefusesATakenName) {
  const Stream known = stream("a", "A", "n");
  EXPECT_EQ(admit(stream("b", "A", "m"), nullptr, &known).error().code, Code::conflict);
  EXPECT_EQ(admit(stream("b", "A", "n"), nullptr, &known).error().code, Code::conflict);
}

TEST(Allow, AllowsOnlyTheOwner) {
  EXPECT_TRUE(allow_source(stream("a", "A", "n"), "n"));
  EXPECT_EQ(allow_source(stream("a", "A", "n"), "m").error().code, Code::refused);
  EXPECT_EQ(allow_source(stream("a", "A", "n"), "").error().code, Code::refused);
}

TEST(Full, ANodeIsFullWithAsManyChildrenAsItsCapacity) {
  Node node;
  EXPECT_FALSE(is_full(node));
  node.children = 3;
  EXPECT_FALSE(is_full(node));  // its capacity is unknown
  node.capacity = 4;
  EXPECT_FALSE(is_full(node));
  node.capacity = 3;
  EXPECT_TRUE(is_full(node));
  node.capacity = 0;
  node.children = 0;
  EXPECT_TRUE(is_full(node));
}

}  // namespace
}  // namespace astral::origin
