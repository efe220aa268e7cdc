// SPDX-License-Identifier: BSD-3-Clause
// Which nodes and streams may register, from which address, what lapses, and the order of lists.
#include "origin/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;
constexpr UnixTime start{1'700'000'000s};
constexpr const char *home = "192.0.2.1";
constexpr const char *elsewhere = "198.51.100.1";

Node node(std::string uuid, UnixTime heard, std::string reporter = home) {
  Node made;
  made.uuid = std::move(uuid);
  made.ip_address = reporter;
  made.port = 8000;
  made.reporter = std::move(reporter);
  made.heard = heard;
  return made;
}

Stream stream(const std::string &slug, std::string source, UnixTime heard, std::string reporter = home) {
  Stream made;
  made.slug = slug;
  made.name = "Name of " + slug;
  made.source = std::move(source);
  made.streaming = true;
  made.reporter = std::move(reporter);
  made.created = heard.time_since_epoch().count();
  made.heard = heard;
  return made;
}

std::unique_ptr<Registry> registry(Capacity capacity = {}) {
  return std::make_unique<Registry>(core::Rng(1), capacity);
}

std::vector<std::string> slugs(Registry &all, Order order, Page page = {}, UnixTime now = start) {
  std::vector<std::string> found;
  for (const Stream &one : all.streams(order, page, now)) found.push_back(one.slug);
  return found;
}

TEST(Nodes, ReportAgainOrLapse) {
  auto all = registry();
  EXPECT_EQ(all->put(node("n", start)), Change::created);
  EXPECT_EQ(all->put(node("n", start + 30s)), Change::updated);
  EXPECT_THAT(all->nodes({}, start + 129s), SizeIs(1));
  EXPECT_THAT(all->sample(home, 16, start + 129s), SizeIs(1));
  all->take_changes();
  EXPECT_THAT(all->nodes({}, start + 130s), IsEmpty());
  EXPECT_THAT(all->sample(home, 16, start + 130s), IsEmpty());
  EXPECT_FALSE(all->node("n", start + 130s));
  const Changes lapsed = all->take_changes();  // removed from the store too
  ASSERT_TRUE(lapsed.nodes.contains("n"));
  EXPECT_FALSE(lapsed.nodes.at("n"));
  EXPECT_EQ(all->put(node("n", start + 200s)), Change::created);  // reports again
}

TEST(Nodes, LapsedSupernodesAreNotSampled) {
  auto all = registry();
  for (const char *uuid : {"a", "b"}) {
    Node super = node(uuid, start);
    super.supernode = true;
    ASSERT_TRUE(all->put(super));
  }
  Node again = node("b", start + 60s);
  again.supernode = true;
  ASSERT_TRUE(all->put(again));
  EXPECT_THAT(all->sample(home, 16, start + 99s), SizeIs(2));
  const auto left = all->sample(home, 16, start + 100s);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].uuid, "b");
}

TEST(Nodes, SupernodesComeFirst) {
  auto all = registry();
  Node super = node("s", start);
  super.supernode = true;
  ASSERT_TRUE(all->put(node("b", start)) && all->put(super) && all->put(node("a", start + 1s)));
  std::string order;
  for (const Node &one : all->nodes({}, start + 2s)) order += one.uuid;
  EXPECT_EQ(order, "sab");
  EXPECT_EQ(all->nodes({.limit = 1, .offset = 1}, start)[0].uuid, "a");
  EXPECT_THAT(all->nodes({.limit = 5, .offset = 3}, start), IsEmpty());
}

TEST(Nodes, AReportCountsForTheNodesStreams) {
  auto all = registry();
  ASSERT_TRUE(all->put(stream("a", "n", start)) && all->put(stream("b", "m", start)));
  ASSERT_TRUE(all->put(node("n", start + 90s)));
  EXPECT_TRUE(is_live(*all->stream("a", start + 150s), start + 150s));
  EXPECT_FALSE(is_live(*all->stream("b", start + 150s), start + 150s));
  // The node lapses at 190 s. Its streams keep the time of its last report.
  EXPECT_FALSE(is_live(*all->stream("a", start + 200s), start + 200s));
  EXPECT_EQ(all->stream("a", start + 200s)->heard, start + 90s);
}

TEST(Nodes, TheStreamsOfARemovedNodeStop) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("n", start)) && all->put(stream("a", "n", start)));
  all->take_changes();
  EXPECT_TRUE(all->remove_node("n"));
  EXPECT_FALSE(all->remove_node("n"));
  EXPECT_FALSE(is_live(*all->stream("a", start), start));
  const Changes changes = all->take_changes();
  EXPECT_FALSE(changes.nodes.at("n"));
  EXPECT_FALSE(changes.streams.at("a")->streaming);
}

TEST(Nodes, NoOtherAddressReportsForALivingNode) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("n", start)));
  all->take_changes();
  Node thief = node("n", start + 1s, elsewhere);
  thief.port = 666;
  EXPECT_EQ(all->put(thief).error().code, Code::conflict);
  thief.ip_address = home;  // the reported address does not count, only the caller's
  EXPECT_EQ(all->put(thief).error().code, Code::conflict);
  EXPECT_EQ(all->node("n", start + 1s)->port, 8000);
  EXPECT_TRUE(all->take_changes().empty());
  thief.heard = start + 100s;  // the first one has lapsed
  EXPECT_EQ(all->put(thief), Change::created);
}

TEST(Nodes, MayReportFromTheAddressThatTheyReported) {
  auto all = registry();
  Node behind = node("n", start);
  behind.ip_address = "203.0.113.7";
  ASSERT_TRUE(all->put(behind));
  EXPECT_EQ(all->put(node("n", start + 1s, "203.0.113.7")), Change::updated);
}

TEST(Nodes, ThatTheOriginCannotReachAreTheLastOfASample) {
  auto all = registry();
  for (const char *uuid : {"a", "b"}) {
    Node one = node(uuid, start);
    one.supernode = true;
    ASSERT_TRUE(all->put(one));
  }
  all->found("a", false, start);
  EXPECT_EQ(all->sample("192.0.2.7", 1, start)[0].uuid, "b");
  all->found("a", true, start);
  all->found("b", false, start);
  EXPECT_EQ(all->sample("192.0.2.7", 1, start)[0].uuid, "a");
}

TEST(Nodes, ReachabilityHoldsForTheSameAddressOnly) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("n", start)));
  EXPECT_TRUE(wants_check(*all->node("n", start), start));
  all->found("n", true, start);
  all->found("unknown", true, start);
  ASSERT_TRUE(all->put(node("n", start + 30s)));
  EXPECT_EQ(all->node("n", start + 30s)->reachable, true);
  EXPECT_FALSE(wants_check(*all->node("n", start + 30s), start + 299s));
  EXPECT_TRUE(wants_check(*all->node("n", start + 30s), start + 300s));
  Node moved = node("n", start + 31s);
  moved.port = 8001;
  ASSERT_TRUE(all->put(moved));
  EXPECT_EQ(all->node("n", start + 31s)->reachable, std::nullopt);
}

TEST(Streams, AnUpdateKeepsTheTimeOfCreation) {
  auto all = registry();
  ASSERT_EQ(all->put(stream("a", "n", start)), Change::created);
  Stream again = stream("a", "n", start + 5s);
  again.viewers = 7;
  again.name = "Another name";
  EXPECT_EQ(all->put(again), Change::updated);
  EXPECT_EQ(all->stream("a", start)->created, start.time_since_epoch().count());
  EXPECT_EQ(all->stream("a", start)->viewers, 7u);
  Stream heir = stream("b", "m", start);  // the old name is free
  heir.name = "Name of a";
  EXPECT_EQ(all->put(heir), Change::created);
}

TEST(Streams, AConflictChangesNothing) {
  auto all = registry();
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  const auto version = all->streams_version();
  all->take_changes();
  EXPECT_EQ(all->put(stream("a", "m", start)).error().code, Code::conflict);
  Stream same_name = stream("b", "n", start);
  same_name.name = "Name of a";
  EXPECT_EQ(all->put(same_name).error().code, Code::conflict);
  EXPECT_EQ(all->stream("a", start)->source, "n");
  EXPECT_FALSE(all->stream("b", start));
  EXPECT_EQ(all->streams_version(), version);
  EXPECT_TRUE(all->take_changes().empty());
}

TEST(Streams, OnlyTheSourcesAddressChangesThem) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("n", start)));
  EXPECT_EQ(all->put(stream("a", "n", start, elsewhere)).error().code, Code::refused);
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  EXPECT_EQ(all->put(stream("a", "n", start, elsewhere)).error().code, Code::refused);
  EXPECT_EQ(all->remove_stream("a", elsewhere, start).error().code, Code::refused);
  // If the source is silent, the address that registered the stream counts.
  const auto later = start + 500s;
  EXPECT_EQ(all->put(stream("a", "n", later, elsewhere)).error().code, Code::refused);
  EXPECT_EQ(all->remove_stream("a", elsewhere, later).error().code, Code::refused);
  EXPECT_TRUE(all->put(stream("a", "n", later)));
  // The source returns at another address; then only that one counts.
  ASSERT_TRUE(all->put(node("n", later, elsewhere)));
  EXPECT_EQ(all->put(stream("a", "n", later)).error().code, Code::refused);
  EXPECT_TRUE(all->put(stream("a", "n", later, elsewhere)));
  EXPECT_TRUE(all->remove_stream("a", elsewhere, later));
}

TEST(Streams, AreListedInTheGivenOrder) {
  auto all = registry();
  Stream a = stream("a", "n", start - 200s);  // not live any more
  a.viewers = 5;
  Stream b = stream("b", "m", start);
  b.bitrate_kbps = 100;
  Stream c = stream("c", "m", start - 50s);
  ASSERT_TRUE(all->put(a) && all->put(c) && all->put(b));
  using List = std::vector<std::string>;
  EXPECT_EQ(slugs(*all, Order::live), (List{"b", "c", "a"}));
  EXPECT_EQ(slugs(*all, Order::name), (List{"a", "b", "c"}));
  EXPECT_EQ(slugs(*all, Order::viewers), (List{"a", "b", "c"}));
  EXPECT_EQ(slugs(*all, Order::bitrate), (List{"b", "a", "c"}));
  EXPECT_EQ(slugs(*all, Order::created), (List{"b", "c", "a"}));
  EXPECT_EQ(slugs(*all, Order::name, {.limit = 1, .offset = 1}), (List{"b"}));
  EXPECT_EQ(slugs(*all, Order::name, {.limit = INT64_MAX, .offset = INT64_MAX}), List{});
}

TEST(Streams, AreRemoved) {
  auto all = registry();
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  all->take_changes();
  EXPECT_TRUE(all->remove_stream("a", home, start));
  EXPECT_EQ(all->remove_stream("a", home, start).error().code, Code::not_found);
  EXPECT_FALSE(all->take_changes().streams.at("a"));
  EXPECT_TRUE(all->put(stream("a", "m", start)));  // slug and name are free
}

// While the version is the same, so is a list that is made in the same second.
TEST(Streams, TheVersionChangesWithTheList) {
  auto all = registry();
  auto version = all->streams_version();
  const auto changed = [&] { return std::exchange(version, all->streams_version()) != version; };
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(all->put(node("other", start)));
  EXPECT_FALSE(changed());
  ASSERT_TRUE(all->put(node("n", start + 200s)));  // its stream is live again
  EXPECT_TRUE(changed());
  ASSERT_TRUE(all->put(node("n", start + 230s)));
  EXPECT_FALSE(changed());
  ASSERT_TRUE(all->remove_node("n"));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(all->remove_stream("a", home, start + 230s));
  EXPECT_TRUE(changed());
}

TEST(Room, IsMadeByNodesThatLapse) {
  auto all = registry({.nodes = 2, .streams = 9, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(node("a", start)) && all->put(node("b", start + 50s)));
  EXPECT_EQ(all->put(node("c", start + 60s)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(node("b", start + 60s)));   // a known node may report
  EXPECT_TRUE(all->put(node("c", start + 100s)));  // a has lapsed
}

TEST(Room, IsMadeByStreamsThatAreForgotten) {
  auto all = registry({.nodes = 9, .streams = 2, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(stream("a", "n", start)) && all->put(stream("b", "n", start + 1s)));
  EXPECT_EQ(all->put(stream("c", "n", start + 2s)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(stream("b", "n", start + 2s)));
  EXPECT_TRUE(all->put(stream("c", "n", start + forget_after)));  // a is forgotten
  EXPECT_FALSE(all->stream("a", start + forget_after));
}

TEST(Room, IsBoundedForTheStreamsOfANode) {
  auto all = registry({.nodes = 9, .streams = 9, .streams_of_a_node = 1});
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  EXPECT_EQ(all->put(stream("b", "n", start)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(stream("b", "m", start)));
  EXPECT_TRUE(all->put(stream("a", "n", start)));
}

TEST(Sweep, DropsTheLapsedAndTheForgotten) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("a", start)) && all->put(stream("old", "a", start)));
  ASSERT_TRUE(all->put(stream("new", "b", start + 1s)));
  all->take_changes();
  all->sweep(start + forget_after);
  EXPECT_EQ(all->count_nodes(), 0u);
  EXPECT_EQ(all->count_streams(), 1u);
  const Changes changes = all->take_changes();
  EXPECT_FALSE(changes.nodes.at("a"));
  EXPECT_FALSE(changes.streams.at("old"));
  EXPECT_FALSE(changes.streams.contains("new"));
}

TEST(Restore, BringsEverythingBackWithoutChanges) {
  auto all = registry();
  all->restore(node("n", start));
  all->restore(stream("a", "n", start));
  EXPECT_TRUE(all->take_changes().empty());
  EXPECT_TRUE(all->node("n", start + 50s));
  EXPECT_EQ(all->put(stream("b", "m", start)).value(), Change::created);
  Stream same_name = stream("c", "m", start);
  same_name.name = "Name of a";
  EXPECT_EQ(all->put(same_name).error().code, Code::conflict);
  EXPECT_FALSE(all->node("n", start + 100s));  // no report since before the restart
}

TEST(ChangesTest, TheNewerChangeOfAKeyWins) {
  Changes one, two;
  one.nodes["a"] = node("a", start);
  one.nodes["b"] = node("b", start);
  two.nodes["a"] = std::nullopt;
  two.streams["s"] = stream("s", "a", start);
  one.add(std::move(two));
  EXPECT_FALSE(one.nodes.at("a"));
  EXPECT_TRUE(one.nodes.at("b"));
  EXPECT_TRUE(one.streams.at("s"));
}

}  // namespace
}  // namespace astral::origin
