// SPDX-License-Identifier: BSD-3-Clause
// What the store keeps across a restart, and which files it accepts.
#include "origin/store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace astral::origin {
namespace {

using namespace std::chrono_literals;
constexpr UnixTime start{1'700'000'000s};

Node node(std::string uuid, UnixTime heard) {
  Node made;
  made.uuid = std::move(uuid);
  made.ip_address = "192.0.2.1";
  made.port = 8000;
  made.reporter = "192.0.2.9";
  made.heard = heard;
  return made;
}

Stream stream(const std::string &slug, std::string source, UnixTime heard) {
  Stream made;
  made.slug = slug;
  made.name = "Name of " + slug;
  made.source = std::move(source);
  made.streaming = true;
  made.reporter = "192.0.2.9";
  made.created = heard.time_since_epoch().count();
  made.heard = heard;
  return made;
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

TEST(StoreUri, AFolderThatCannotBeMadeIsAnError) {
  const auto store = Store::open("sqlite:///proc/nowhere/o.db");
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::failed);
}

TEST_F(File, KeepsEverythingAcrossARestart) {
  Node rich = node("n1", start);
  rich.supernode = true;
  rich.primary = "s";
  rich.reported_rtt_ms = 1.5;
  rich.upstream_kbps = 1;
  rich.downstream_kbps = 2;
  rich.children = 3;
  rich.capacity = 4;
  rich.version = "0.1.0";
  rich.reachable = true;
  Stream known = stream("a", "n1", start);
  known.description = "d'; DROP TABLE stream; --";
  known.bitrate_kbps = 5;
  known.viewers = 6;
  known.media = "video/mpegts";
  known.updated = 1'700'000'000'123;
  {
    auto store = Store::open(uri_);
    ASSERT_TRUE(store) << store.error().detail;
    Changes changes;
    changes.nodes["n1"] = rich;
    changes.nodes["n2"] = node("n2", start);
    changes.streams["a"] = known;
    changes.streams["b"] = stream("b", "n1", start);
    ASSERT_TRUE((*store)->write(changes));
    Changes gone;
    gone.nodes["n2"] = std::nullopt;
    gone.nodes["never"] = std::nullopt;
    gone.streams["b"] = std::nullopt;
    ASSERT_TRUE((*store)->write(gone));
  }
  auto store = Store::open(uri_);
  ASSERT_TRUE(store) << store.error().detail;
  const auto contents = (*store)->read();
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->nodes.size(), 1u);
  const Node &again = contents->nodes[0];
  EXPECT_EQ(again.uuid, "n1");
  EXPECT_EQ(again.ip_address, "192.0.2.1");
  EXPECT_EQ(again.port, 8000);
  EXPECT_TRUE(again.supernode);
  EXPECT_EQ(again.primary, "s");
  EXPECT_EQ(again.reported_rtt_ms, 1.5);
  EXPECT_EQ(again.upstream_kbps, 1u);
  EXPECT_EQ(again.downstream_kbps, 2u);
  EXPECT_EQ(again.children, 3u);
  EXPECT_EQ(again.capacity, 4u);
  EXPECT_EQ(again.version, "0.1.0");
  EXPECT_EQ(again.reporter, "192.0.2.9");
  EXPECT_EQ(again.heard, start);
  EXPECT_EQ(again.reachable, std::nullopt);  // not stored
  ASSERT_EQ(contents->streams.size(), 1u);
  const Stream &back = contents->streams[0];
  EXPECT_EQ(back.slug, "a");
  EXPECT_EQ(back.name, known.name);
  EXPECT_EQ(back.description, known.description);
  EXPECT_EQ(back.source, "n1");
  EXPECT_TRUE(back.streaming);
  EXPECT_EQ(back.bitrate_kbps, 5u);
  EXPECT_EQ(back.viewers, 6u);
  EXPECT_EQ(back.media, "video/mpegts");
  EXPECT_EQ(back.updated, known.updated);
  EXPECT_EQ(back.reporter, "192.0.2.9");
  EXPECT_EQ(back.created, start.time_since_epoch().count());
  EXPECT_EQ(back.heard, start);
}

// Two streams change names within one transaction.
TEST_F(File, TakesChangesInAnyOrder) {
  auto store = Store::open(uri_);
  ASSERT_TRUE(store);
  Changes changes;
  changes.streams["a"] = stream("a", "n", start);
  changes.streams["b"] = stream("b", "n", start);
  ASSERT_TRUE((*store)->write(changes));
  std::swap(changes.streams["a"]->name, changes.streams["b"]->name);
  ASSERT_TRUE((*store)->write(changes));
  std::map<std::string, std::string> names;
  const auto contents = (*store)->read();
  ASSERT_TRUE(contents);
  for (const Stream &one : contents->streams) names[one.slug] = one.name;
  EXPECT_EQ(names["a"], "Name of b");
  EXPECT_EQ(names["b"], "Name of a");
}

// The first two schemas: their streams stay, their nodes report again.
TEST_F(File, KeepsTheStreamsOfOlderSchemas) {
  const auto made_by = [](int version) {
    const bool has_reporter = version > 1;
    const std::string column = has_reporter ? ", reporter TEXT NOT NULL" : "";
    return "CREATE TABLE node (uuid TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;"
           "CREATE TABLE stream (slug TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL,"
           " source TEXT NOT NULL, streaming INTEGER NOT NULL, bitrate_kbps INTEGER, viewers INTEGER,"
           " media TEXT NOT NULL, updated INTEGER" +
           column + ", created INTEGER NOT NULL, heard INTEGER NOT NULL) STRICT, WITHOUT ROWID;" +
           (has_reporter ? "" : "CREATE INDEX stream_source ON stream (source);") +
           "INSERT INTO node VALUES ('n');"
           "INSERT INTO stream VALUES ('a', 'A \"é\"', 'd', 'n', 1, 5, NULL, 'm', 6" +
           (has_reporter ? ", '192.0.2.9'" : "") +
           ", 7, 8);"
           "INSERT INTO stream VALUES ('b', 'B', '', 'n', 0, NULL, 4, '', NULL" +
           (has_reporter ? ", '192.0.2.9'" : "") +
           ", 7, 8);"
           "PRAGMA application_id = 1095980114; PRAGMA user_version = " +
           std::to_string(version) + ";";
  };
  for (const int version : {1, 2}) {
    const std::string path = folder_.string() + "/" + std::to_string(version) + ".db";
    {
      auto database = Database::open(path);
      ASSERT_TRUE(database);
      ASSERT_TRUE(database->execute(made_by(version).c_str()));
    }
    for (int round = 0; round < 2; ++round) {
      auto store = Store::open("sqlite://" + path);
      ASSERT_TRUE(store) << store.error().detail;
      const auto contents = (*store)->read();
      ASSERT_TRUE(contents);
      EXPECT_TRUE(contents->nodes.empty());
      ASSERT_EQ(contents->streams.size(), 2u);
      const Stream &a = contents->streams[0], &b = contents->streams[1];
      EXPECT_EQ(a.name, "A \"é\"");
      EXPECT_TRUE(a.streaming);
      EXPECT_EQ(a.bitrate_kbps, 5u);
      EXPECT_FALSE(a.viewers);
      EXPECT_EQ(a.updated, 6u);
      EXPECT_EQ(a.created, 7);
      EXPECT_EQ(a.heard.time_since_epoch(), 8s);
      EXPECT_EQ(a.reporter, version > 1 ? "192.0.2.9" : "");
      EXPECT_EQ(b.source, "n");
      EXPECT_FALSE(b.streaming);
      EXPECT_EQ(b.bitrate_kbps, 0u);
      EXPECT_EQ(b.viewers, 4u);
    }
  }
}

TEST_F(File, KeepsOwnersAndBans) {
  Changes changes;
  changes.nodes["n"] = node("n", start);
  changes.nodes["n"]->owner = "K";
  changes.streams["a"] = stream("a", "n", start);
  changes.streams["a"]->owner = "K";
  changes.streams["a"]->removed = true;
  changes.streams["a"]->hidden = true;
  changes.bans["192.0.2.0/24"] = Ban{"spam", start};
  changes.bans["K"] = Ban{"", start};
  {
    auto store = Store::open(uri_);
    ASSERT_TRUE(store && (*store)->write(changes));
    Changes more;
    more.bans["K"] = std::nullopt;
    ASSERT_TRUE((*store)->write(more));
  }
  auto store = Store::open(uri_);
  ASSERT_TRUE(store);
  const auto contents = (*store)->read();
  ASSERT_TRUE(contents && contents->nodes.size() == 1 && contents->streams.size() == 1);
  EXPECT_EQ(contents->nodes[0].owner, "K");
  EXPECT_EQ(contents->streams[0].owner, "K");
  EXPECT_TRUE(contents->streams[0].removed);
  EXPECT_TRUE(contents->streams[0].hidden);
  ASSERT_EQ(contents->bans.size(), 1u);
  EXPECT_EQ(contents->bans[0].first, "192.0.2.0/24");
  EXPECT_EQ(contents->bans[0].second.reason, "spam");
  EXPECT_EQ(contents->bans[0].second.since, start);
}

// The store of one node and one stream, after `sql` has made it one of an older version.
class Older : public File {
 protected:
  Store::Contents upgraded(const char *sql) {
    {
      auto store = Store::open(uri_);
      Changes changes;
      changes.nodes["n"] = node("n", start);
      changes.streams["a"] = stream("a", "n", start);
      EXPECT_TRUE(store && (*store)->write(changes));
    }
    {
      auto database = Database::open(uri_.substr(std::string("sqlite://").size()));
      EXPECT_TRUE(database && database->execute(sql));
    }
    auto store = Store::open(uri_);
    EXPECT_TRUE(store) << store.error().detail;
    auto contents = store ? (*store)->read() : Store::Contents{};
    EXPECT_TRUE(contents);
    return contents.value_or(Store::Contents{});
  }
};

// What the third schema had: streams without owners.
TEST_F(Older, KeepsTheStreamsOfTheThirdSchema) {
  const auto contents = upgraded(
      "ALTER TABLE node DROP COLUMN owner; ALTER TABLE stream DROP COLUMN owner;"
      "ALTER TABLE stream DROP COLUMN removed; ALTER TABLE stream DROP COLUMN hidden;"
      "DROP TABLE ban;"
      "PRAGMA user_version = 3;");
  ASSERT_EQ(contents.streams.size(), 1u);
  EXPECT_TRUE(contents.nodes.empty());
  EXPECT_EQ(contents.streams[0].reporter, "192.0.2.9");
  EXPECT_EQ(contents.streams[0].owner, "");
}

// The fourth schema had the keys of uuids in a table.
TEST_F(Older, KeepsTheNodesAndStreamsOfTheFourthSchema) {
  const auto contents = upgraded("CREATE TABLE label (uuid TEXT PRIMARY KEY); PRAGMA user_version = 4;");
  EXPECT_EQ(contents.streams.size(), 1u);
  EXPECT_EQ(contents.nodes.size(), 1u);
}

// A row that breaks a rule would make the origin's list unreadable for nodes.
TEST_F(File, LeavesOutARowThatBreaksARule) {
  {
    auto store = Store::open(uri_);
    ASSERT_TRUE(store);
    Changes changes;
    changes.streams["a"] = stream("a", "n", start);
    changes.streams["b"] = stream("b", "n", start);
    ASSERT_TRUE((*store)->write(changes));
    auto database = Database::open(uri_.substr(9));
    ASSERT_TRUE(database && database->execute("UPDATE stream SET info = '{}' WHERE slug = 'a'"));
  }
  auto store = Store::open(uri_);
  ASSERT_TRUE(store);
  const auto contents = (*store)->read();
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->streams.size(), 1u);
  EXPECT_EQ(contents->streams[0].slug, "b");
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

}  // namespace
}  // namespace astral::origin
