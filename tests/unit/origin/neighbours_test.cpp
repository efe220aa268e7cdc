// SPDX-License-Identifier: BSD-3-Clause
// The sample of nodes for a caller: near ones first, the rest spread the load, full ones last.
#include "origin/neighbours.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace astral::origin {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Sample : public ::testing::Test {
 protected:
  void add(const std::string &uuid, const std::string &address, bool supernode = true,
           std::optional<std::uint64_t> children = std::nullopt) {
    Node node;
    node.uuid = uuid;
    node.ip_address = address;
    node.supernode = supernode;
    node.children = children;
    if (children) node.capacity = 10;
    neighbours_.put(node);
  }
  void add_many(const std::string &name, int count, const std::string &network, bool supernode = true) {
    for (int i = 0; i < count; ++i) add(name + std::to_string(i), network + std::to_string(i + 1), supernode);
  }
  std::vector<std::string> sample(std::size_t limit, const char *asker = "198.51.100.9") {
    return neighbours_.sample(asker, limit, rng_);
  }

  core::Rng rng_{7};
  Neighbours neighbours_;
};

TEST_F(Sample, IsEmptyWithoutNodes) {
  EXPECT_THAT(sample(16), IsEmpty());
}

TEST_F(Sample, HasEachNodeOnceIfThereAreFew) {
  add("a", "192.0.2.1");
  add("b", "198.51.100.1");
  add("c", "198.51.7.1");
  EXPECT_THAT(sample(16), UnorderedElementsAre("a", "b", "c"));
}

TEST_F(Sample, NodesOfTheSameNetworkComeFirst) {
  add_many("far", 100, "192.0.2.");
  add_many("near", 2, "198.51.100.");
  add_many("around", 3, "198.51.7.");
  const auto found = sample(16);
  ASSERT_THAT(found, SizeIs(16));
  EXPECT_THAT(std::set(found.begin(), found.begin() + 2), UnorderedElementsAre("near0", "near1"));
  EXPECT_THAT(std::set(found.begin() + 2, found.begin() + 5),
              UnorderedElementsAre("around0", "around1", "around2"));
  EXPECT_THAT(std::set(found.begin() + 5, found.end()), Each(StartsWith("far")));
}

TEST_F(Sample, AQuarterIsDrawnFromAllNetworks) {
  add_many("near", 200, "198.51.100.");
  add_many("far", 200, "192.0.2.");
  const auto near = [](const std::vector<std::string> &found) {
    return std::count_if(found.begin(), found.end(),
                         [](const auto &uuid) { return uuid.starts_with("near"); });
  };
  long most = 0, least = 16;
  for (int i = 0; i < 50; ++i) {
    const auto found = sample(16);
    ASSERT_THAT(found, SizeIs(16));
    most = std::max(most, near(found));
    least = std::min(least, near(found));
  }
  EXPECT_GE(least, 12);
  EXPECT_LT(least, 16);
}

TEST_F(Sample, TheRestIsDrawnUniformly) {
  constexpr int nodes = 100, rounds = 3000, limit = 10;
  for (int i = 0; i < nodes; ++i) add(std::to_string(i), "203.0." + std::to_string(i) + ".1");
  std::map<std::string, int> seen;
  for (int i = 0; i < rounds; ++i) {
    for (const std::string &uuid : sample(limit)) ++seen[uuid];
  }
  ASSERT_THAT(seen, SizeIs(nodes));
  // Each is expected 300 times with a deviation of 16; the seed is fixed.
  for (const auto &[uuid, count] : seen) {
    EXPECT_GT(count, 220) << uuid;
    EXPECT_LT(count, 380) << uuid;
  }
}

TEST_F(Sample, HasOtherNodesOnlyIfSupernodesAreTooFew) {
  add_many("super", 16, "192.0.2.");
  add_many("plain", 50, "198.51.100.", false);
  EXPECT_THAT(sample(16), Each(StartsWith("super")));
  EXPECT_THAT(sample(17), Contains(StartsWith("plain")).Times(1));
}

TEST_F(Sample, FullNodesComeLast) {
  add("full", "198.51.100.1", true, 10);
  add("over", "198.51.100.2", true, 11);
  add("room", "192.0.2.1", true, 9);
  add("plain", "192.0.2.2", false);
  const auto found = sample(16);
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0], "room");
  EXPECT_EQ(found[1], "plain");
  EXPECT_THAT(sample(1), ElementsAre("room"));
}

TEST_F(Sample, NodesThatCouldNotBeReachedComeLast) {
  Node hidden;
  hidden.uuid = "hidden";
  hidden.ip_address = "198.51.100.1";
  hidden.supernode = true;
  hidden.reachable = false;
  neighbours_.put(hidden);
  add("far", "192.0.2.1");
  add("plain", "192.0.2.2", false);
  EXPECT_THAT(sample(16), ElementsAre("far", "plain", "hidden"));
  hidden.reachable = true;
  neighbours_.put(hidden);
  EXPECT_EQ(sample(16)[0], "hidden");  // a neighbour
}

TEST_F(Sample, FollowsChangesOfANode) {
  add("a", "198.51.100.1");
  add("b", "198.51.100.2");
  add("c", "198.51.100.3");
  add("a", "198.51.100.1", true, 10);  // full
  EXPECT_EQ(sample(16).back(), "a");
  add("b", "192.0.2.2");  // in another network
  EXPECT_THAT(sample(16), ElementsAre("c", "b", "a"));
  neighbours_.remove("c");
  neighbours_.remove("unknown");
  EXPECT_THAT(sample(16), ElementsAre("b", "a"));
  neighbours_.remove("a");
  neighbours_.remove("b");
  EXPECT_THAT(sample(16), IsEmpty());
}

// Against a model: after any additions and removals a large sample has exactly the nodes that are there.
TEST_F(Sample, ALargeSampleHasAllNodes) {
  std::set<std::string> there;
  for (int step = 0; step < 3000; ++step) {
    const std::string uuid = std::to_string(rng_.below(40));
    if (rng_.below(3) == 0) {
      neighbours_.remove(uuid);
      there.erase(uuid);
    } else {
      add(uuid, "10." + std::to_string(rng_.below(2)) + "." + std::to_string(rng_.below(2)) + ".1",
          rng_.below(2) == 0, rng_.below(2) * 10);
      there.insert(uuid);
    }
    const auto found = sample(50, "10.0.0.9");
    ASSERT_EQ(std::set(found.begin(), found.end()), there) << step;
    ASSERT_EQ(found.size(), there.size()) << step;
  }
}

TEST_F(Sample, AnswersACallerOfAnUnknownNetwork) {
  add("a", "192.0.2.1");
  EXPECT_THAT(sample(16, "2001:db8::1"), ElementsAre("a"));
  EXPECT_THAT(sample(16, ""), ElementsAre("a"));
}

}  // namespace
}  // namespace astral::origin
