// SPDX-License-Identifier: BSD-3-Clause
// Which route matches a request, and what bodies and errors look like.
#include "http/routes.hpp"

#include <gtest/gtest.h>

namespace astral::http {
namespace {

std::vector<Route> table() {
  std::vector<Route> routes;
  for (const auto &[method, pattern] :
       std::vector<std::pair<const char *, const char *>>{{"GET", "/"},
                                                          {"GET", "/streams"},
                                                          {"POST", "/streams"},
                                                          {"GET", "/stream/:slug"},
                                                          {"PUT", "/stream/:slug"},
                                                          {"GET", "/stream/:slug/ticket"},
                                                          {"GET", "/stream/:slug/ticket/:uuid"},
                                                          {"GET", "/stream/:slug/hls/index.m3u8"},
                                                          {"GET", "/stream/:slug/hls/:file"},
                                                          {"GET", "/:file"}}) {
    routes.push_back({.method = method, .pattern = pattern, .handle = {}});
  }
  return routes;
}

struct Case {
  const char *method;
  const char *path;
  const char *met;  // "pattern param=value …"; or "404"; or "405 allow"
};
void PrintTo(const Case &c, std::ostream *out) {
  *out << c.method << " " << c.path;
}

class Routes : public ::testing::TestWithParam<Case> {};

TEST_P(Routes, AreMatchedByMethodAndPath) {
  const std::vector<Route> routes = table();
  const Match met = match(routes, GetParam().method, GetParam().path);
  std::string text = met.route ? met.route->pattern : met.allow.empty() ? "404" : "405 " + met.allow;
  for (const auto &[name, value] : met.params) text += " " + name + "=" + value;
  EXPECT_EQ(text, GetParam().met);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Routes,
    ::testing::Values(
        Case{"GET", "/", "/"}, Case{"GET", "/streams", "/streams"}, Case{"HEAD", "/streams", "/streams"},
        Case{"POST", "/streams", "/streams"}, Case{"PUT", "/streams", "405 GET, HEAD, POST"},
        Case{"GET", "/stream/a-b", "/stream/:slug slug=a-b"},
        Case{"GET", "/stream/a%2Db", "/stream/:slug slug=a-b"}, Case{"GET", "/stream/a%2Fb", "404"},
        Case{"GET", "/stream/a%00b", "404"}, Case{"GET", "/stream/a%ffb", "404"},
        Case{"GET", "/stream/a%zz", "404"}, Case{"GET", "/stream/", "404"}, Case{"GET", "/stream/a/", "404"},
        Case{"DELETE", "/stream/a", "405 GET, HEAD, PUT"},
        Case{"GET", "/stream/a/ticket", "/stream/:slug/ticket slug=a"},
        Case{"GET", "/stream/a/ticket/u", "/stream/:slug/ticket/:uuid slug=a uuid=u"},
        Case{"GET", "/stream/a/hls/index.m3u8", "/stream/:slug/hls/index.m3u8 slug=a"},
        Case{"GET", "/stream/a/hls/4.ts", "/stream/:slug/hls/:file file=4.ts slug=a"},
        Case{"GET", "/stream/a/hls/../../x", "404"}, Case{"GET", "/main.js", "/:file file=main.js"},
        Case{"DELETE", "/main.js", "405 GET, HEAD"}, Case{"GET", "", "404"}, Case{"GET", "x", "404"},
        Case{"GET", "//", "404"}, Case{"get", "/streams", "405 GET, HEAD, POST"}));

TEST(Reply, OfAnErrorHasCodeMessageAndStatus) {
  const Reply out = reply_error({Code::no_room, "nobody \"here\""});
  EXPECT_EQ(out.status, 412u);
  EXPECT_EQ(out.body, "{\"error\":{\"code\":\"no-room\",\"message\":\"nobody \\\"here\\\"\"}}\n");
  EXPECT_EQ(reply_error({Code::no_room, ""}, 503).status, 503u);
  for (const auto &[code, status] : std::vector<std::pair<Code, unsigned>>{{Code::invalid, 400},
                                                                           {Code::too_large, 413},
                                                                           {Code::not_found, 404},
                                                                           {Code::refused, 403},
                                                                           {Code::unreachable, 503},
                                                                           {Code::timeout, 503},
                                                                           {Code::unsupported, 415},
                                                                           {Code::conflict, 409},
                                                                           {Code::failed, 500}}) {
    EXPECT_EQ(reply_error({code, ""}).status, status);
  }
}

Call call_of(const char *type, const char *body) {
  Call call;
  call.content_type = type;
  call.body = body;
  return call;
}

TEST(Body, IsJsonOrAForm) {
  EXPECT_EQ(read_body(call_of("application/json", R"({"name":"A b"})"))->text("name", {}), "A b");
  EXPECT_EQ(read_body(call_of("", R"({"name":"A b"})"))->text("name", {}), "A b");
  auto form = read_body(call_of("application/x-www-form-urlencoded", "name=A+b%C3%A9%0A\"&on=true&=x&y"));
  ASSERT_TRUE(form) << form.error().detail;
  EXPECT_EQ(form->text("name", {}), "A bé\n\"");
  EXPECT_EQ(form->text("on", {}), "true");
  for (const std::string bad : {"name=%ff", "%c3%28=x", "name=a%00b", "name=a&x=\xff"}) {
    const auto refused = read_body(call_of("application/x-www-form-urlencoded", bad.c_str()));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().detail, "the form must be UTF-8 without NUL") << bad;
  }
  EXPECT_TRUE(read_body(call_of("", ""), true));
  EXPECT_EQ(read_body(call_of("application/json", "")).error().code, Code::invalid);
  EXPECT_EQ(read_body(call_of("text/plain", "{}")).error().code, Code::unsupported);
  EXPECT_EQ(read_body(call_of("application/json", "{")).error().code, Code::invalid);
}

}  // namespace
}  // namespace astral::http
