// SPDX-License-Identifier: BSD-3-Clause
// The pages: what they show, that they escape it, and what their policy allows them to load.
#include "calls_fixture.hpp"
#include "origin/page.hpp"

namespace astral::origin {
namespace {

TEST_F(OriginCalls, PagesEscapeTextsOfNodesAndStreams) {
  accept_ = "text/html";
  call(
      "POST", "/streams",
      R"({"name":"<script>alert(1)</script>","slug":"x","source":"n","description":"\"'&<b>","media":"<i>"})");
  call("POST", "/nodes", R"({"uuid":"n","port":8000,"version":"<u>"})");
  for (const char *path : {"/", "/streams", "/stream/x", "/stream/x/publish", "/nodes", "/node/n"}) {
    const Seen page = call("GET", path);
    EXPECT_EQ(page.status, 200u) << path;
    EXPECT_EQ(page.type, "text/html; charset=utf-8") << path;
    for (const char *tag : {"<script>", "<b>", "<i>", "<u>", "'&<", "\"'"})
      EXPECT_THAT(page.body, Not(HasSubstr(tag))) << path;
  }
  EXPECT_THAT(call("GET", "/").body, HasSubstr("&lt;script&gt;"));
  EXPECT_EQ(escape("<a href=\"'&\">"), "&lt;a href=&quot;&#39;&amp;&quot;&gt;");
}

TEST_F(OriginCalls, PagesHaveAStrictPolicy) {
  call("POST", "/streams", R"({"name":"x","source":"n"})");
  accept_ = "text/html";
  for (const char *path : {"/", "/stream/x", "/stream/x/publish", "/nodes", "/upload", "/download", "/about",
                           "/visualization"}) {
    const Seen page = call("GET", path);
    EXPECT_EQ(page.status, 200u) << path;
    EXPECT_THAT(page.policy,
                ::testing::StartsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
    EXPECT_THAT(page.policy, HasSubstr("base-uri 'none'; frame-ancestors 'none'")) << path;
    EXPECT_THAT(page.policy, Not(HasSubstr("unsafe"))) << path;
    EXPECT_THAT(page.policy, Not(HasSubstr("*"))) << path;
    const bool reaches_the_node = std::string(path) == "/stream/x" || std::string(path) == "/upload";
    EXPECT_EQ(page.policy.find("http") != std::string::npos, reaches_the_node) << path;
    // The page has nothing that its own policy refuses.
    for (const char *inline_ : {" style=", "<style", " onclick=", "<script>"})
      EXPECT_THAT(page.body, Not(HasSubstr(inline_))) << path;
  }
  EXPECT_THAT(call("GET", "/upload", {}, {{"node", "8123"}}).policy,
              HasSubstr("form-action 'self' http://127.0.0.1:8123;"));
  EXPECT_THAT(call("GET", "/upload", {}, {{"node", "8123"}}).body,
              HasSubstr("<form class=\"card\" action=\"http://127.0.0.1:8123/#publish\">"));
}

TEST_F(OriginCalls, TheDownloadPageNamesThisOriginAsItWasReached) {
  accept_ = "text/html";
  EXPECT_THAT(call("GET", "/download").body, HasSubstr("astralnode --origin http://origin.example"));
  is_secure_ = true;
  EXPECT_THAT(call("GET", "/download").body, HasSubstr("astralnode --origin https://origin.example"));
}

TEST_F(OriginCalls, AStreamsPageSaysHowToWatchIt) {
  call("POST", "/streams", R"({"name":"x","source":"n"})");
  accept_ = "text/html";
  const std::string away = call("GET", "/stream/x").body;
  EXPECT_THAT(away, HasSubstr("http://127.0.0.1:8000/stream/x/hls/index.m3u8"));
  EXPECT_THAT(away, HasSubstr("(away)"));
  call("POST", "/nodes", R"({"uuid":"n","port":8001})");
  EXPECT_THAT(call("GET", "/stream/x").body, HasSubstr("http://192.0.2.9:8001/stream/x/hls/index.m3u8"));
  EXPECT_THAT(call("GET", "/stream/x/publish").body, HasSubstr("astralsink uri=astral://127.0.0.1:8000/x"));
  EXPECT_EQ(call("GET", "/stream/y/publish").status, 404u);
}

TEST_F(OriginCalls, AStreamsPageLinksToAReachablePublicNode) {
  call("POST", "/streams", R"({"name":"x","source":"n"})");
  call("POST", "/nodes", R"({"uuid":"o","port":8002,"public":true})");
  accept_ = "text/html";
  EXPECT_THAT(call("GET", "/stream/x").body,
              Not(HasSubstr("data-open")));  // not checked yet
  registry_.found("o", true, now_);
  const Seen page = call("GET", "/stream/x");
  EXPECT_THAT(page.body, HasSubstr("data-open=\"http://192.0.2.9:8002\""));
  EXPECT_THAT(page.policy, HasSubstr("connect-src 'self' http://127.0.0.1:8000 http://192.0.2.9:8002;"));
  EXPECT_THAT(page.policy, HasSubstr("form-action 'self' http://127.0.0.1:8000;"));
  accept_ = "application/json";
  call("POST", "/nodes", R"({"uuid":"o","port":8002})");  // not public any more
  accept_ = "text/html";
  EXPECT_THAT(call("GET", "/stream/x").body, Not(HasSubstr("data-open")));
}

}  // namespace
}  // namespace astral::origin
