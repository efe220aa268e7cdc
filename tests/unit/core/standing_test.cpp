// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of nodes that brought media, and of those that did not.
#include "core/standing.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/limits.hpp"
#include "core/ranking.hpp"

namespace astral::core {
namespace {

TEST(Deliveries, WhoBringsNothingIsAvoidedForAGrowingTime) {
  Deliveries standing;
  standing.brought_nothing("liar", 0s);
  EXPECT_TRUE(standing.is_avoided("liar", 119s));
  EXPECT_FALSE(standing.is_avoided("liar", 121s));
  standing.brought_nothing("liar", 121s);
  EXPECT_TRUE(standing.is_avoided("liar", 121s + 239s));
  EXPECT_FALSE(standing.is_avoided("liar", 121s + 241s));
  EXPECT_EQ(standing.avoided(122s), std::vector<Uuid>{"liar"});
}

TEST(Deliveries, WhoBringsMediaIsProvenAndForgiven) {
  Deliveries standing;
  standing.brought_nothing("node", 0s);
  standing.brought("node", 1s);
  EXPECT_FALSE(standing.is_avoided("node", 1s));
  EXPECT_TRUE(standing.is_proven("node"));
  EXPECT_FALSE(standing.is_proven("other"));
}

TEST(Deliveries, IsBounded) {
  Deliveries standing;
  for (std::size_t i = 0; i < 2 * max_proven; ++i)
    standing.brought("n" + std::to_string(i), Time{1s} * static_cast<Time::rep>(i));
  EXPECT_FALSE(standing.is_proven("n0"));
  EXPECT_TRUE(standing.is_proven("n" + std::to_string(2 * max_proven - 1)));
  EXPECT_LE(standing.size(), max_proven);
}

struct Candidate {
  std::string name, network;
};

TEST(Mix, SomeOfThoseThatAreAskedAreRandomOnesOfOtherNetworks) {
  std::set<std::string> third;
  Rng rng(7);
  for (int i = 0; i < 50; ++i) {
    std::vector<Candidate> ranked{{"liar1", "x"}, {"liar2", "x"}, {"liar3", "x"}, {"b", "y"}, {"c", "z"}};
    mix(
        ranked, 3, [](const Candidate &one) { return one.network; }, rng);
    EXPECT_EQ(ranked[0].name + ranked[1].name, "liar1liar2");
    third.insert(ranked[2].name);
  }
  EXPECT_EQ(third, (std::set<std::string>{"b", "c"}));
}

TEST(Mix, LeavesAListThatIsAskedWhole) {
  Rng rng(7);
  std::vector<Candidate> ranked{{"a", "x"}, {"b", "y"}};
  mix(
      ranked, 2, [](const Candidate &one) { return one.network; }, rng);
  EXPECT_EQ(ranked[0].name + ranked[1].name, "ab");
}

TEST(Mix, OfOneNetworkAloneTheBestAreAsked) {
  Rng rng(7);
  std::vector<Candidate> ranked{{"a", "x"}, {"b", "x"}, {"c", "x"}};
  mix(
      ranked, 2, [](const Candidate &one) { return one.network; }, rng);
  EXPECT_EQ(ranked[0].name + ranked[1].name, "ab");
}

TEST(Complaints, CountWhoComplainsAndNotHowOften) {
  Complaints complaints;
  for (int i = 0; i < 5; ++i) complaints.heard("one", {"liar"}, 1s);
  EXPECT_EQ(complaints.against("liar", 1s), 1u);
  complaints.heard("other", {"liar", "node"}, 2s);
  EXPECT_EQ(complaints.against("liar", 2s), 2u);
  EXPECT_EQ(complaints.against("node", 2s), 1u);
  EXPECT_EQ(complaints.against("liar", 1s + 5min), 1u);  // the first one is forgotten
}

TEST(Complaints, OfOneNodeReachOnlyAFew) {
  Complaints complaints;
  for (std::size_t i = 0; i < 100; ++i)
    complaints.heard("liar", {"n" + std::to_string(i)}, Time{1s} + Time{1ms} * static_cast<Time::rep>(i));
  std::size_t blamed = 0;
  for (std::size_t i = 0; i < 100; ++i) blamed += complaints.against("n" + std::to_string(i), 2s);
  EXPECT_EQ(blamed, max_unreachable);
}

TEST(Complaints, AreBounded) {
  Complaints complaints;
  for (std::size_t i = 0; i < 2 * max_complainants; ++i)
    complaints.heard("n" + std::to_string(i), {"liar"}, 1s);
  EXPECT_EQ(complaints.size(), max_complainants);
  EXPECT_EQ(complaints.against("liar", 1s), max_complainants);
}

}  // namespace
}  // namespace astral::core
