// SPDX-License-Identifier: BSD-3-Clause
// What a node knows of others: which message is news, what is forgotten, which streams are its own.
#include <gtest/gtest.h>

#include "core/directory.hpp"
#include "core/limits.hpp"

namespace astral::core {
namespace {

StreamInfo stream(const Slug &slug, const Uuid &source, std::uint64_t updated, bool streaming = false) {
  return {.slug = slug,
          .name = slug,
          .description = "",
          .source = source,
          .streaming = streaming,
          .media = "",
          .updated = updated};
}

// The stream that is known and the message decide whether the message is news.
struct News {
  const char *name;
  std::optional<StreamInfo> known;
  StreamInfo heard;
  Heard from;
  bool news;
};

class StreamNews : public testing::TestWithParam<News> {};

TEST_P(StreamNews, IsNewsOnlyOnce) {
  const News &row = GetParam();
  Directory directory;
  if (row.known) directory.learn(*row.known, Heard::elsewhere);
  EXPECT_EQ(directory.learn(row.heard, row.from), row.news);
  EXPECT_FALSE(directory.learn(row.heard, row.from));
  if (row.news) {
    EXPECT_EQ(*directory.stream(row.heard.slug), row.heard);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, StreamNews,
    testing::Values(
        News{"Unknown", std::nullopt, stream("t", "s", 1), Heard::elsewhere, true},
        News{"Newer", stream("t", "s", 1), stream("t", "s", 2, true), Heard::elsewhere, true},
        News{"Older", stream("t", "s", 2), stream("t", "s", 1, true), Heard::elsewhere, false},
        News{"SameVersion", stream("t", "s", 2), stream("t", "s", 2, true), Heard::elsewhere, false},
        News{"SameVersionItself", stream("t", "s", 2), stream("t", "s", 2, true), Heard::itself, true},
        News{"OlderItself", stream("t", "s", 2), stream("t", "s", 1, true), Heard::itself, true},
        News{"VersionNonsense", stream("t", "s", 2), stream("t", "s", UINT64_MAX), Heard::itself, false},
        News{"AnotherSource", stream("t", "s", 1), stream("t", "x", 9), Heard::itself, false},
        News{"AnotherSourceByOrigin", stream("t", "s", 1), stream("t", "x", 1), Heard::origin, true},
        News{"BadSlug", std::nullopt, stream("T!", "s", 1), Heard::elsewhere, false},
        News{"BadSource", std::nullopt, stream("t", "", 1), Heard::elsewhere, false}),
    [](const auto &row) { return row.param.name; });

TEST(Directory, OldNewsDoesNotBringBackAStreamThatIsGone) {
  Directory directory;
  directory.learn(stream("t", "s", 5), Heard::itself);
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 0}, Heard::elsewhere));  // any node could say so
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 4}, Heard::elsewhere));  // an older version
  EXPECT_TRUE(directory.gone({.slug = "t", .updated = 5}, Heard::elsewhere));
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 5}, Heard::elsewhere));
  EXPECT_FALSE(directory.learn(stream("t", "s", 5), Heard::elsewhere));
  EXPECT_EQ(directory.version("t"), 5u);
  EXPECT_TRUE(directory.learn(stream("t", "s", 6), Heard::elsewhere));
  EXPECT_TRUE(directory.gone({.slug = "t", .updated = 999}, Heard::elsewhere));
  EXPECT_EQ(directory.version("t"), 6u);  // a version that only a stranger names ends nothing
  EXPECT_TRUE(directory.learn(stream("t", "s", 7), Heard::elsewhere));
  EXPECT_TRUE(directory.gone({.slug = "t", .updated = 0}, Heard::itself));
}

TEST(Directory, AStreamThatTheOriginForgotMayComeBack) {
  Directory directory;
  directory.learn(stream("t", "s", 5), Heard::origin);
  directory.learn(stream("u", "s", 5), Heard::itself);
  EXPECT_EQ(directory.missing({}), std::vector<Slug>{"t"});
  EXPECT_TRUE(directory.missing({stream("t", "s", 5)}).empty());
  EXPECT_TRUE(directory.gone({.slug = "t", .updated = 0}, Heard::origin));
  EXPECT_TRUE(directory.learn(stream("t", "s", 5), Heard::origin));
}

TEST(Directory, NobodyElseChangesOurOwnStreams) {
  Directory directory;
  directory.own(stream("t", "us", 5));
  EXPECT_FALSE(directory.learn(stream("t", "us", 9), Heard::elsewhere));
  EXPECT_FALSE(directory.learn(stream("t", "x", 9), Heard::origin));
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 9}, Heard::elsewhere));
  EXPECT_EQ(directory.own_streams(), 1u);
  directory.learn(stream("a", "x", 9), Heard::elsewhere);
  EXPECT_EQ(directory.streams(1)[0].slug, "t");
  directory.disown("t");
  EXPECT_EQ(directory.own_streams(), 0u);
  EXPECT_FALSE(directory.learn(stream("t", "us", 5), Heard::elsewhere));
}

NodeInfo node(const Uuid &uuid, std::uint16_t port = 1, std::uint64_t updated = 0) {
  return {.uuid = uuid, .ip_address = "10.0.0.1", .port = port, .version = "", .updated = updated};
}

TEST(Directory, NodesAreForgottenAfterThreeFailures) {
  Directory directory;
  EXPECT_TRUE(directory.learn(node("a"), Heard::elsewhere));
  EXPECT_FALSE(directory.learn(node("a", 2), Heard::elsewhere));
  EXPECT_TRUE(directory.learn(node("a", 2), Heard::itself));
  EXPECT_TRUE(directory.learn(node("a", 3, 1), Heard::elsewhere));
  EXPECT_FALSE(directory.unreached("a"));
  EXPECT_TRUE(directory.doubtful("a"));
  directory.reached("a");
  EXPECT_FALSE(directory.doubtful("a"));
  EXPECT_FALSE(directory.unreached("a"));
  EXPECT_FALSE(directory.unreached("a"));
  EXPECT_TRUE(directory.unreached("a"));
  EXPECT_EQ(directory.node("a"), nullptr);
  EXPECT_FALSE(directory.unreached("a"));
}

TEST(Directory, IsBounded) {
  Directory directory;
  for (std::size_t i = 0; i < max_nodes + 10; ++i)
    directory.learn(node("n" + std::to_string(i)), Heard::elsewhere);
  for (std::size_t i = 0; i < max_streams + 10; ++i)
    directory.learn(stream("s" + std::to_string(i), "x" + std::to_string(i / 200), 1), Heard::elsewhere);
  EXPECT_EQ(directory.node_count(), max_nodes);
  EXPECT_EQ(directory.stream_count(), max_streams);
  EXPECT_TRUE(directory.learn(stream("late", "new", 1), Heard::elsewhere));  // its source has none yet
  EXPECT_EQ(directory.stream_count(), max_streams);
  for (std::size_t i = 0; i < 2 * max_streams_of_source; ++i)
    directory.learn(stream("l" + std::to_string(i), "liar", 1), Heard::elsewhere);
  std::size_t lies = 0;
  for (std::size_t i = 0; i < 2 * max_streams_of_source; ++i)
    lies += directory.stream("l" + std::to_string(i)) != nullptr ? 1 : 0;
  EXPECT_LE(lies, max_streams_of_source);
  EXPECT_EQ(directory.stream_count(), max_streams);
  StreamInfo large = stream("s1", "x", 2);
  large.media = std::string(max_media + 1, 'x');
  EXPECT_FALSE(directory.learn(large, Heard::itself));
}

TEST(Directory, NamesSupernodesFirstFromAnywhere) {
  Directory directory;
  for (const char *uuid : {"a", "b", "c", "d"}) {
    NodeInfo info = node(uuid);
    info.supernode = info.uuid == "c";
    directory.learn(info, Heard::elsewhere);
  }
  EXPECT_EQ(directory.some(10, 0), (std::vector<Uuid>{"c", "a", "b", "d"}));
  EXPECT_EQ(directory.some(10, 1), (std::vector<Uuid>{"c", "b", "d", "a"}));
  EXPECT_EQ(directory.some(2, 3), (std::vector<Uuid>{"c", "d"}));
  EXPECT_TRUE(Directory{}.some(2, 3).empty());
}

}  // namespace
}  // namespace astral::core
