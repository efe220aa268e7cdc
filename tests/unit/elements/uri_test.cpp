// SPDX-License-Identifier: BSD-3-Clause
#include "elements/uri.hpp"

#include <gst/gst.h>
#include <gtest/gtest.h>

namespace astral::elements {
namespace {

class Uri : public testing::Test {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
};

TEST_F(Uri, NamesANodeAndAStream) {
  struct Row {
    const char *uri, *node, *slug;
  };
  const Row rows[] = {{"astral://example.org/talk", "http://example.org:8000", "talk"},
                      {"astral://10.0.0.7:8001/my-talk", "http://10.0.0.7:8001", "my-talk"},
                      {"astral://[::1]:9000/a", "http://[::1]:9000", "a"},
                      {"astral:///talk", "http://127.0.0.1:8000", "talk"}};
  for (const Row &row : rows) {
    const auto parsed = parse_uri(row.uri);
    ASSERT_TRUE(parsed.has_value()) << row.uri << ": " << parsed.error().detail;
    EXPECT_EQ(parsed->node, row.node);
    EXPECT_EQ(parsed->slug, row.slug);
  }
}

TEST_F(Uri, MayNameAStreamBySlugAndKey) {
  EXPECT_EQ(parse_uri("astral://host/talk~3f0a")->slug, "talk~3f0a");
  for (const char *name : {"talk~", "talk~3f0", "talk~3F0A", "talk~3f0ab", "~3f0a", "a~3f0a~3f0a"})
    EXPECT_FALSE(parse_uri(std::string("astral://host/") + name)) << name;
}

TEST_F(Uri, DecodesTheQuery) {
  const auto parsed = parse_uri("astral://h/talk?latency=200&title=My%20talk");
  ASSERT_TRUE(parsed.has_value());
  ASSERT_EQ(parsed->query.size(), 2u);
  for (const auto &[name, value] : parsed->query) EXPECT_EQ(value, name == "latency" ? "200" : "My talk");
}

TEST_F(Uri, RefusesInvalidUris) {
  for (const char *uri : {"", "talk", "http://h/talk", "astral://h", "astral://h/", "astral://h/Talk",
                          "astral://h/-talk", "astral://h/a/b", "astral://h:99999/talk", "astral://h/a_b",
                          "astral://h/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_FALSE(parse_uri(uri).has_value()) << uri;
}

}  // namespace
}  // namespace astral::elements
