// SPDX-License-Identifier: BSD-3-Clause
// What the store keeps, within what bounds, in what order, and across a restart.
#include "origin/store.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;
constexpr UnixTime start{1'700'000'000s};

Node node(std::string uuid, UnixTime heard) {
  Node made;
  made.uuid = std::move(uuid);
  made.ip_address = "192.0.2.1";
  made.port = 8000;
  made.heard = heard;
  return made;
}

Stream stream(const std::string &slug, std::string source, UnixTime heard) {
  Stream made;
  made.slug = slug;
  made.name = "Name of " + slug;
  made.source = std::move(source);
  made.streaming = true;
  made.created = heard;
  made.heard = heard;
  return made;
}

std::unique_ptr<Store> memory(Capacity capacity = {}) {
  auto store = Store::open("sqlite://:memory:", capacity);
  EXPECT_TRUE(store) << store.error().detail;
  return std::move(*store);
}

std::vector<std::string> slugs(Store &store, Order order, Page page = {}, UnixTime now = start) {
  std::vector<std::string> found;
  const auto streams = store.streams(order, page, now);
  EXPECT_TRUE(streams);
  for (const Stream &one : streams.value_or(std::vector<Stream>{})) found.push_back(one.slug);
  return found;
}

class File : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/astral-store-XXXXXX";
    folder_ = mkdtemp(pattern);
    uri_ = "sqlite://" + folder_.string() + "/new/folder/o.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
  std::string uri_;
};

TEST(StoreUri, MustNameAFile) {
  for (const char *uri : {"", "sqlite://", "sqlite:///", "sqlite://relative.db", "sqlite:///folder/",
                          "etcd://x", "/plain/path", "sqlite:/one"}) {
    const auto store = Store::open(uri);
    ASSERT_FALSE(store) << uri;
    EXPECT_EQ(store.error().code, Code::invalid) << uri;
  }
}

TEST(StoreUri, AFolderThatCannotBe) {
  const auto store = Store::open("sqlite:///proc/nowhere/o.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::failed);
}

TEST_F(File, KeepsAllAcrossARestart) {
  Node rich = node("n1", start);
  rich.supernode = true;
  rich.primary_supernode_uuid = "s";
  rich.upstream_kbps = 1;
  rich.downstream_kbps = 2;
  rich.children = 3;
  rich.capacity = 4;
  rich.version = "0.1.0";
  Stream known = stream("a", "n1", start);
  known.description = "d'; DROP TABLE stream; --";
  known.bitrate_kbps = 5;
  known.viewers = 6;
  known.media = "video/mpegts";
  known.updated = 1'700'000'000'123;
  {
    auto store = Store::open(uri_);
    ASSERT_TRUE(store) << store.error().detail;
    EXPECT_EQ((*store)->put(rich), Change::created);
    EXPECT_EQ((*store)->put(known), Change::created);
  }
  auto store = Store::open(uri_);
  ASSERT_TRUE(store) << store.error().detail;
  const auto again = (*store)->node("n1", start);
  ASSERT_TRUE(again && *again);
  EXPECT_TRUE((*again)->supernode);
  EXPECT_EQ((*again)->primary_supernode_uuid, "s");
  EXPECT_EQ((*again)->upstream_kbps, 1u);
  EXPECT_EQ((*again)->downstream_kbps, 2u);
  EXPECT_EQ((*again)->children, 3u);
  EXPECT_EQ((*again)->capacity, 4u);
  EXPECT_EQ((*again)->version, "0.1.0");
  EXPECT_EQ((*again)->heard, start);
  const auto back = (*store)->stream("a");
  ASSERT_TRUE(back && *back);
  EXPECT_EQ((*back)->name, known.name);
  EXPECT_EQ((*back)->description, known.description);
  EXPECT_EQ((*back)->source, "n1");
  EXPECT_TRUE((*back)->streaming);
  EXPECT_EQ((*back)->bitrate_kbps, 5u);
  EXPECT_EQ((*back)->viewers, 6u);
  EXPECT_EQ((*back)->media, "video/mpegts");
  EXPECT_EQ((*back)->updated, known.updated);
  EXPECT_EQ((*back)->created, start);
}

TEST_F(File, RefusesOtherDatabases) {
  const std::string path = folder_.string() + "/other.db";
  {
    auto database = Database::open(path);
    ASSERT_TRUE(database && database->execute("CREATE TABLE t (x)"));
  }
  EXPECT_EQ(Store::open("sqlite://" + path).error().code, Code::invalid);
  {
    auto store = Store::open(uri_);
    ASSERT_TRUE(store);
    auto database = Database::open(uri_.substr(9));
    ASSERT_TRUE(database && database->execute("PRAGMA user_version = 999"));
  }
  EXPECT_EQ(Store::open(uri_).error().code, Code::invalid);
}

TEST_F(File, RefusesRubbish) {
  const std::string path = folder_.string() + "/rubbish.db";
  FILE *file = fopen(path.c_str(), "w");
  ASSERT_TRUE(file);
  for (int i = 0; i < 1000; ++i) fputs("rubbish ", file);
  fclose(file);
  EXPECT_EQ(Store::open("sqlite://" + path).error().code, Code::failed);
}

TEST(StoreNodes, ReportAgain) {
  auto store = memory();
  EXPECT_EQ(store->put(node("n", start)), Change::created);
  EXPECT_EQ(store->put(node("n", start + 30s)), Change::updated);
  const auto nodes = store->nodes({}, start + 129s);
  ASSERT_TRUE(nodes);
  EXPECT_EQ(nodes->size(), 1u);
  EXPECT_TRUE(store->nodes({}, start + 130s)->empty());
  EXPECT_FALSE(*store->node("n", start + 130s));
  EXPECT_EQ(store->put(node("n", start + 200s)), Change::created);  // it came back
}

TEST(StoreNodes, SupernodesComeFirst) {
  auto store = memory();
  Node super = node("s", start);
  super.supernode = true;
  ASSERT_TRUE(store->put(super) && store->put(node("a", start + 1s)) && store->put(node("b", start + 2s)));
  std::string order;
  const auto nodes = store->nodes({}, start + 2s);
  for (const Node &one : *nodes) order += one.uuid;
  EXPECT_EQ(order, "sba");
  EXPECT_EQ(store->nodes({2, 1}, start)->front().uuid, "b");
}

TEST(StoreNodes, AReportFreshensTheNodesStreams) {
  auto store = memory();
  ASSERT_TRUE(store->put(stream("a", "n", start)) && store->put(stream("b", "m", start)));
  ASSERT_TRUE(store->put(node("n", start + 90s)));
  EXPECT_TRUE(is_live(**store->stream("a"), start + 150s));
  EXPECT_FALSE(is_live(**store->stream("b"), start + 150s));
}

TEST(StoreNodes, TheStreamsOfARemovedNodeStop) {
  auto store = memory();
  ASSERT_TRUE(store->put(node("n", start)) && store->put(stream("a", "n", start)));
  EXPECT_EQ(store->remove_node("n"), true);
  EXPECT_EQ(store->remove_node("n"), false);
  EXPECT_FALSE(is_live(**store->stream("a"), start));
}

TEST(StoreStreams, AnUpdateKeepsTheBirthday) {
  auto store = memory();
  ASSERT_EQ(store->put(stream("a", "n", start)), Change::created);
  Stream again = stream("a", "n", start + 5s);
  again.viewers = 7;
  EXPECT_EQ(store->put(again), Change::updated);
  EXPECT_EQ((**store->stream("a")).created, start);
  EXPECT_EQ((**store->stream("a")).viewers, 7u);
}

TEST(StoreStreams, AConflictChangesNothing) {
  auto store = memory();
  ASSERT_TRUE(store->put(stream("a", "n", start)));
  EXPECT_EQ(store->put(stream("a", "m", start)).error().code, Code::conflict);
  Stream same_name = stream("b", "n", start);
  same_name.name = "Name of a";
  EXPECT_EQ(store->put(same_name).error().code, Code::conflict);
  EXPECT_EQ((**store->stream("a")).source, "n");
  EXPECT_FALSE(*store->stream("b"));
}

TEST(StoreStreams, Orders) {
  auto store = memory();
  Stream a = stream("a", "n", start - 200s);  // not live any more
  a.viewers = 5;
  Stream b = stream("b", "m", start);
  b.bitrate_kbps = 100;
  Stream c = stream("c", "m", start - 50s);
  ASSERT_TRUE(store->put(a) && store->put(b) && store->put(c));
  using List = std::vector<std::string>;
  EXPECT_EQ(slugs(*store, Order::live), (List{"b", "c", "a"}));
  EXPECT_EQ(slugs(*store, Order::name), (List{"a", "b", "c"}));
  EXPECT_EQ(slugs(*store, Order::viewers), (List{"a", "b", "c"}));
  EXPECT_EQ(slugs(*store, Order::bitrate), (List{"b", "a", "c"}));
  EXPECT_EQ(slugs(*store, Order::created), (List{"b", "c", "a"}));
  EXPECT_EQ(slugs(*store, Order::name, {1, 1}), (List{"b"}));
}

TEST(StoreStreams, Removes) {
  auto store = memory();
  ASSERT_TRUE(store->put(stream("a", "n", start)));
  EXPECT_EQ(store->remove_stream("a"), true);
  EXPECT_EQ(store->remove_stream("a"), false);
}

TEST(StoreRoom, ForNodes) {
  auto store = memory({.nodes = 2, .streams = 9, .streams_of_a_node = 9});
  ASSERT_TRUE(store->put(node("a", start)) && store->put(node("b", start + 50s)));
  EXPECT_EQ(store->put(node("c", start + 60s)).error().code, Code::no_room);
  EXPECT_TRUE(store->put(node("b", start + 60s)));   // who is there may report
  EXPECT_TRUE(store->put(node("c", start + 100s)));  // a has lapsed
}

TEST(StoreRoom, ForStreams) {
  auto store = memory({.nodes = 9, .streams = 2, .streams_of_a_node = 9});
  ASSERT_TRUE(store->put(stream("a", "n", start)) && store->put(stream("b", "n", start + 1s)));
  EXPECT_EQ(store->put(stream("c", "n", start + 2s)).error().code, Code::no_room);
  EXPECT_TRUE(store->put(stream("b", "n", start + 2s)));
  EXPECT_TRUE(store->put(stream("c", "n", start + forget_after)));  // a is forgotten
  EXPECT_FALSE(*store->stream("a"));
}

TEST(StoreRoom, ForStreamsOfOneNode) {
  auto store = memory({.nodes = 9, .streams = 9, .streams_of_a_node = 1});
  ASSERT_TRUE(store->put(stream("a", "n", start)));
  EXPECT_EQ(store->put(stream("b", "n", start)).error().code, Code::no_room);
  EXPECT_TRUE(store->put(stream("b", "m", start)));
}

TEST(StoreSweep, DropsTheLapsedAndTheForgotten) {
  auto store = memory();
  ASSERT_TRUE(store->put(node("a", start)) && store->put(stream("old", "a", start)));
  ASSERT_TRUE(store->put(stream("new", "b", start + 1s)));
  ASSERT_TRUE(store->sweep(start + forget_after));
  EXPECT_FALSE(*store->node("a", start));
  EXPECT_FALSE(*store->stream("old"));
  EXPECT_TRUE(*store->stream("new"));
}

}  // namespace
}  // namespace astral::origin
