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
  EXPECT_EQ(all->remove_stream("a", {elsewhere}, start).error().code, Code::refused);
  // If the source is silent, the address that registered the stream counts.
  const auto later = start + 500s;
  EXPECT_EQ(all->put(stream("a", "n", later, elsewhere)).error().code, Code::refused);
  EXPECT_EQ(all->remove_stream("a", {elsewhere}, later).error().code, Code::refused);
  EXPECT_TRUE(all->put(stream("a", "n", later)));
  // The source returns at another address; then only that one counts.
  ASSERT_TRUE(all->put(node("n", later, elsewhere)));
  EXPECT_EQ(all->put(stream("a", "n", later)).error().code, Code::refused);
  EXPECT_TRUE(all->put(stream("a", "n", later, elsewhere)));
  EXPECT_TRUE(all->remove_stream("a", {elsewhere}, later));
}

// The stream and the node of a key, at any address.
Stream signed_by(const Fingerprint &key, Stream made) {
  made.owner = key;
  made.caller = key;
  return made;
}
Node signed_by(const Fingerprint &key, Node made) {
  made.owner = key;
  return made;
}
constexpr auto day = std::chrono::hours(24);

TEST(Keys, AUuidBelongsToItsKeyWhileTheNodeIsAlive) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", node("n", start))));
  EXPECT_EQ(all->put(node("n", start)).error().code, Code::conflict);  // from the same address
  EXPECT_EQ(all->put(signed_by("L", node("n", start))).error().code, Code::conflict);
  EXPECT_EQ(all->put(signed_by("K", node("n", start + 1s, elsewhere))), Change::updated);
}

TEST(Keys, AStreamOfABannedNodeIsNotListed) {
  auto all = registry();
  const Fingerprint key(64, 'a');
  const std::string uuid = core::uuid_of(key);
  ASSERT_TRUE(all->put(signed_by(key, node(uuid, start))));
  Stream made = signed_by(key, stream("a", uuid, start));
  made.owner = "S";
  ASSERT_TRUE(all->put(made));
  ASSERT_TRUE(all->put(stream("b", "m", start)));
  ASSERT_TRUE(all->ban(key, {}));
  EXPECT_EQ(slugs(*all, Order::name), (std::vector<std::string>{"b"}));
  EXPECT_FALSE(all->bans().of_node(std::string(32, '9')));
  EXPECT_FALSE(all->bans().of_node(std::string(32, 'b')));
}

TEST(Keys, ARestartForgetsNoOwner) {
  auto all = registry();
  all->restore(signed_by("K", stream("a", "n", start)));
  EXPECT_EQ(all->put(signed_by("L", stream("a", "m", start + day))).error().code, Code::conflict);
}

TEST(Keys, WhatIsUnsignedOwnsNothing) {
  auto all = registry();
  ASSERT_TRUE(all->put(node("n", start)) && all->put(stream("a", "n", start)));
  ASSERT_TRUE(all->put(stream("b", "n", start)));
  EXPECT_EQ(all->put(signed_by("K", node("n", start + 1s, elsewhere))), Change::updated);
  Stream taken = signed_by("K", stream("a", "n", start + 1s, elsewhere));
  taken.name = "Name of b";
  EXPECT_EQ(all->put(taken), Change::updated);
  EXPECT_EQ(slugs(*all, Order::name), (std::vector<std::string>{"a"}));
  EXPECT_EQ(all->stream("a", start + 1s)->owner, "K");
  EXPECT_EQ(all->put(stream("c", "n", start + 1s)).error().code, Code::refused);  // n has a key now
  all->sweep(start + unowned_for);
  EXPECT_TRUE(all->stream("a", start + unowned_for));
}

TEST(Keys, OnlyTheKeyChangesAStream) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", node("n", start))) &&
              all->put(signed_by("K", stream("a", "n", start))));
  EXPECT_EQ(all->put(stream("a", "n", start)).error().code, Code::conflict);
  EXPECT_EQ(all->put(signed_by("L", stream("a", "n", start))).error().code, Code::conflict);
  Stream same_name = signed_by("L", stream("b", "m", start));
  same_name.name = "Name of a";
  EXPECT_EQ(all->put(same_name).error().code, Code::conflict);
  EXPECT_EQ(all->put(signed_by("L", stream("c", "n", start))).error().code, Code::refused);  // n is K's
  EXPECT_EQ(all->remove_stream("a", {home}, start).error().code, Code::refused);
  EXPECT_EQ(all->remove_stream("a", {home, "L"}, start).error().code, Code::refused);
  EXPECT_EQ(all->put(signed_by("K", stream("a", "n", start, elsewhere))), Change::updated);
}

// `caller` brings what the stream's key has signed.
Stream stated_by(const Fingerprint &key, const Fingerprint &caller, std::uint64_t updated, Stream made) {
  made.owner = key;
  made.caller = caller;
  made.key = key;
  made.signature = "S";
  made.updated = updated;
  return made;
}

TEST(Keys, AStreamWithAKeyOfItsOwnMovesWithThatKey) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("N", node("n", start))) &&
              all->put(signed_by("M", node("m", start, elsewhere))));
  ASSERT_TRUE(all->put(stated_by("S", "N", 1, stream("a", "n", start))));
  // Neither a node's key nor another stream's is enough.
  EXPECT_EQ(all->put(signed_by("N", stream("a", "n", start))).error().code, Code::conflict);
  EXPECT_EQ(all->put(stated_by("T", "N", 2, stream("a", "n", start))).error().code, Code::conflict);
  EXPECT_EQ(all->put(stated_by("S", "M", 2, stream("a", "n", start))).error().code, Code::refused);
  EXPECT_EQ(all->remove_stream("a", {home, "N"}, start).error().code, Code::refused);
  EXPECT_EQ(all->put(stated_by("S", "M", 2, stream("a", "m", start, elsewhere))), Change::updated);
  // Who brings the old statement again does not bring the stream back.
  EXPECT_EQ(all->put(stated_by("S", "N", 1, stream("a", "n", start))), Change::updated);
  EXPECT_EQ(all->stream("a", start)->source, "m");
  EXPECT_TRUE(all->remove_stream("a", {elsewhere, "S"}, start));
  EXPECT_EQ(all->put(signed_by("M", stream("a", "m", start))).error().code, Code::conflict);
  // What was signed before it was removed does not bring it back.
  EXPECT_TRUE(all->put(stated_by("S", "M", 1, stream("a", "m", start))));
  EXPECT_FALSE(all->stream("a", start));
  EXPECT_TRUE(all->kept("a").removed);
  ASSERT_TRUE(all->ban("S", {.reason = "spam", .since = start}));
  EXPECT_EQ(all->put(stated_by("S", "M", 3, stream("a", "m", start))).error().code, Code::refused);
}

TEST(Keys, AKeyGivesItsStreamToAnother) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("N", node("n", start))) &&
              all->put(signed_by("N", stream("a", "n", start))));
  EXPECT_EQ(all->put(stated_by("S", "M", 1, stream("a", "m", start))).error().code, Code::conflict);
  EXPECT_EQ(all->put(stated_by("S", "N", 1, stream("a", "n", start))), Change::updated);
  EXPECT_EQ(all->stream("a", start)->owner, "S");
}

TEST(Keys, AStreamsKeyAloneNamesNoForeignNodeAsItsSource) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("N", node("n", start))));
  EXPECT_EQ(all->put(stated_by("S", "S", 1, stream("a", "n", start))).error().code, Code::refused);
  ASSERT_TRUE(all->put(stated_by("S", "M", 1, stream("a", "m", start))));
  EXPECT_EQ(all->put(stated_by("S", "S", 2, stream("a", "n", start))).error().code, Code::refused);
}

TEST(Keys, ANameStaysWithItsKeyForAYear) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", stream("a", "n", start))));
  ASSERT_TRUE(all->remove_stream("a", {elsewhere, "K"}, start));
  EXPECT_EQ(all->remove_stream("a", {elsewhere, "K"}, start).error().code, Code::not_found);
  EXPECT_FALSE(all->stream("a", start));
  EXPECT_EQ(all->count_listed(start), 0u);
  EXPECT_EQ(all->put(stream("a", "n", start)).error().code, Code::conflict);
  EXPECT_EQ(all->put(signed_by("K", stream("a", "n", start))), Change::created);
  // Not listed for a week's silence, but still K's.
  const auto later = start + listed_for;
  EXPECT_FALSE(all->stream("a", later));
  EXPECT_TRUE(slugs(*all, Order::name, {}, later).empty());
  EXPECT_EQ(all->put(signed_by("L", stream("a", "m", later))).error().code, Code::conflict);
  all->sweep(start + owned_for - 1s);
  EXPECT_EQ(all->put(signed_by("L", stream("a", "m", start + owned_for - 1s))).error().code, Code::conflict);
  all->sweep(start + owned_for);
  EXPECT_EQ(all->put(signed_by("L", stream("a", "m", start + owned_for))), Change::created);
}

TEST(Keys, AStreamMovesToAnotherNodeOfItsKey) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", node("n", start))) &&
              all->put(signed_by("K", stream("a", "n", start))));
  ASSERT_TRUE(all->put(signed_by("K", node("m", start, elsewhere))));
  EXPECT_EQ(all->put(signed_by("K", stream("a", "m", start, elsewhere))), Change::updated);
  all->remove_node("n");  // has nothing to do with the stream any more
  EXPECT_TRUE(is_live(*all->stream("a", start), start));
}

TEST(Moderation, HidesAStreamFromAllLists) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", stream("a", "n", start))));
  EXPECT_EQ(all->hide("b", true).error().code, Code::not_found);
  ASSERT_TRUE(all->hide("a", true));
  EXPECT_FALSE(all->stream("a", start));
  EXPECT_EQ(all->hidden_streams(), (std::vector<std::string>{"a"}));
  ASSERT_TRUE(all->put(signed_by("K", stream("a", "n", start + 1s))));  // its owner does not bring it back
  EXPECT_TRUE(slugs(*all, Order::name).empty());
  ASSERT_TRUE(all->hide("a", false));
  EXPECT_TRUE(all->stream("a", start));
  ASSERT_TRUE(all->take_down("a", start));
  EXPECT_FALSE(all->stream("a", start));
  EXPECT_EQ(all->take_down("a", start).error().code, Code::not_found);
}

TEST(Moderation, ABannedKeyAndNetworkAreGone) {
  auto all = registry();
  ASSERT_TRUE(all->put(signed_by("K", node("n", start))) &&
              all->put(signed_by("K", stream("a", "n", start))));
  ASSERT_TRUE(all->put(node("m", start, elsewhere)) && all->put(stream("b", "m", start, elsewhere)));
  ASSERT_TRUE(all->ban("K", {.reason = "spam", .since = start}));
  EXPECT_FALSE(all->node("n", start));
  EXPECT_EQ(slugs(*all, Order::name), (std::vector<std::string>{"b"}));
  EXPECT_EQ(all->bans().find({home, "K"})->reason, "spam");
  ASSERT_TRUE(all->ban(*Bans::name_of("198.51.100.0/24"), {}));
  EXPECT_FALSE(all->node("m", start));
  EXPECT_TRUE(slugs(*all, Order::name).empty());
  EXPECT_TRUE(all->take_changes().bans.contains("198.51.100.0/24"));
  EXPECT_TRUE(all->unban("198.51.100.0/24"));
  EXPECT_FALSE(all->unban("198.51.100.0/24"));
  EXPECT_EQ(slugs(*all, Order::name), (std::vector<std::string>{"b"}));
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
  EXPECT_TRUE(all->remove_stream("a", {home}, start));
  EXPECT_EQ(all->remove_stream("a", {home}, start).error().code, Code::not_found);
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
  ASSERT_TRUE(all->remove_stream("a", {home}, start + 230s));
  EXPECT_TRUE(changed());
}

TEST(Room, IsMadeByNodesThatLapse) {
  auto all = registry({.nodes = 2, .streams = 9, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(node("a", start)) && all->put(node("b", start + 50s)));
  EXPECT_EQ(all->put(node("c", start + 60s)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(node("b", start + 60s)));   // a known node may report
  EXPECT_TRUE(all->put(node("c", start + 100s)));  // a has lapsed
}

TEST(Room, IsMadeByNodesThatNobodySigns) {
  auto all = registry({.nodes = 2, .streams = 9, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(node("a", start)) && all->put(signed_by("K", node("b", start))));
  EXPECT_EQ(all->put(node("c", start)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(signed_by("L", node("c", start))));
  EXPECT_FALSE(all->node("a", start));
  EXPECT_EQ(all->put(signed_by("M", node("d", start))).error().code, Code::no_room);
}

TEST(Room, AForgottenStreamHasNoNameToGiveUp) {
  auto all = registry({.nodes = 9, .streams = 1, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(stream("a", "n", start)));
  Stream heir = signed_by("K", stream("b", "m", start + unowned_for));
  heir.name = "Name of a";
  EXPECT_EQ(all->put(heir), Change::created);
  EXPECT_EQ(all->count_streams(), 1u);
}

TEST(Room, IsBoundedForANetwork) {
  auto all = registry({.nodes = 9, .streams = 9, .nodes_of_a_network = 2, .streams_of_a_network = 1});
  ASSERT_TRUE(all->put(node("a", start, "192.0.2.1")) && all->put(node("b", start, "192.0.2.2")));
  EXPECT_EQ(all->put(signed_by("K", node("c", start, "192.0.2.3"))).error().code, Code::no_room);
  EXPECT_TRUE(all->put(node("c", start, "192.0.3.3")));
  EXPECT_TRUE(all->put(node("a", start + 1s, "192.0.2.1")));  // a known one may report
  all->remove_node("b");
  EXPECT_TRUE(all->put(node("d", start, "192.0.2.3")));
  ASSERT_TRUE(all->put(stream("s", "a", start, "192.0.2.1")));
  EXPECT_EQ(all->put(stream("t", "a", start, "192.0.2.1")).error().code, Code::no_room);
  EXPECT_TRUE(all->put(stream("s", "a", start, "192.0.2.1")));
  EXPECT_TRUE(all->put(stream("t", "c", start, "192.0.3.3")));
  ASSERT_TRUE(all->remove_stream("s", {"192.0.2.1"}, start));
  EXPECT_TRUE(all->put(stream("u", "a", start, "192.0.2.1")));
  for (const char *uuid : {"l1", "l2", "l3"})
    EXPECT_TRUE(all->put(node(uuid, start, "192.168.1.1")));  // is not counted
}

TEST(Room, IsMadeByStreamsThatAreForgotten) {
  auto all = registry({.nodes = 9, .streams = 2, .streams_of_a_node = 9});
  ASSERT_TRUE(all->put(stream("a", "n", start)) && all->put(stream("b", "n", start + 1s)));
  EXPECT_EQ(all->put(stream("c", "n", start + 2s)).error().code, Code::no_room);
  EXPECT_TRUE(all->put(stream("b", "n", start + 2s)));
  EXPECT_TRUE(all->put(stream("c", "n", start + unowned_for)));  // a is forgotten
  EXPECT_FALSE(all->stream("a", start + unowned_for));
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
  all->sweep(start + unowned_for);
  EXPECT_EQ(all->count_nodes(), 0u);
  EXPECT_EQ(all->count_listed(start), 1u);
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
