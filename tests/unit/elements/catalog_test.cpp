// SPDX-License-Identifier: BSD-3-Clause
#include "elements/catalog.hpp"

#include <gtest/gtest.h>

#include <random>

namespace astral::elements {
namespace {

Slice slice(std::string_view text) {
  return Slice::copy(as_bytes(text));
}

TEST(Catalog, ReadsWhatWasWritten) {
  const auto made = make_catalog(7, "video/mpegts, packetsize=(int)188",
                                 {slice("PAT"), slice(std::string_view("\0\xff", 2))});
  ASSERT_TRUE(made.has_value());
  const auto read = read_catalog(7, made->text);
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->group, 7u);
  EXPECT_EQ(read->caps, made->caps);
  ASSERT_EQ(read->streamheader.size(), 2u);
  EXPECT_EQ(as_text(read->streamheader[1].bytes()), std::string_view("\0\xff", 2));
}

TEST(Catalog, HasMaxima) {
  EXPECT_EQ(make_catalog(1, "a/b", {slice(std::string(max_catalog, 'x'))}).error().code, Code::too_large);
  EXPECT_EQ(make_catalog(1, "a/b", std::vector<Slice>(1000, slice("x"))).error().code, Code::too_large);
  EXPECT_EQ(read_catalog(1, slice(std::string(max_catalog + 1, ' '))).error().code, Code::too_large);
}

// GStreamer parses nested lists recursively: 59,000 of them overflow a thread's stack.
TEST(Catalog, RefusesCapsWithTooManyLists) {
  const auto text = [](const std::string &caps) {
    return slice(R"({"version":1,"tracks":[{"name":"media","caps":")" + caps + "\"}]}");
  };
  EXPECT_TRUE(read_catalog(1, text("a/b,c=" + std::string(max_caps_brackets, '{'))));
  for (const char bracket : {'{', '<', '['}) {
    const std::string caps = "a/b,c=" + std::string(max_caps_brackets + 1, bracket);
    EXPECT_EQ(read_catalog(1, text(caps)).error().code, Code::invalid);
    EXPECT_EQ(make_catalog(1, caps, {}).error().code, Code::too_large);
  }
}

TEST(Catalog, RefusesInvalidCatalogs) {
  const char *const bad[] = {"",
                             "[]",
                             "{}",
                             R"({"version":2,"tracks":[{"caps":"a/b"}]})",
                             R"({"version":1,"tracks":[]})",
                             R"({"version":1,"tracks":[{"caps":""}]})",
                             R"({"version":1,"tracks":[{"caps":"a/b"},{"caps":"a/b"}]})",
                             R"({"version":1,"tracks":[{"caps":"a/b","streamheader":"x"}]})"};
  for (const char *text : bad) EXPECT_FALSE(read_catalog(1, slice(text)).has_value()) << text;
}

TEST(Catalog, ReadsMutationsSafely) {
  std::mt19937 random(5);
  const auto made = make_catalog(1, "video/x-flv", {slice("FLV header")});
  for (int round = 0; round < 20'000; ++round) {
    std::string text(as_text(made->text.bytes()));
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips)
      text[random() % text.size()] = static_cast<char>(random());
    (void)read_catalog(1, slice(text));
  }
}

}  // namespace
}  // namespace astral::elements
