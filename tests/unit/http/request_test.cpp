// SPDX-License-Identifier: BSD-3-Clause
// What is read from a valid request head.
#include "http/request.hpp"

#include <gtest/gtest.h>

#include "http/request_head.hpp"

namespace astral::http {
namespace {

Request read(const std::string &head) {
  const auto sound = check_head(head);
  EXPECT_TRUE(sound && *sound) << head;
  return read_request(head);
}

TEST(RequestTest, ReadsEveryField) {
  const std::string head =
      "POST /stream/a%20b?uuid=n&x=1%262 HTTP/1.1\r\nHost: [::1]:4567\r\nACCEPT: text/html\r\naccept: */*\r\n"
      "Content-Type: Application/JSON ; charset=utf-8\r\nOrigin: http://x\r\nContent-Length:  12 \r\n\r\n";
  const Request request = read(head + "{\"a\":1}\r\n\r\n..");
  EXPECT_EQ(request.call.method, "POST");
  EXPECT_EQ(request.call.path, "/stream/a%20b");  // the routes decode it
  EXPECT_EQ(request.call.query, (std::map<std::string, std::string>{{"uuid", "n"}, {"x", "1&2"}}));
  EXPECT_EQ(request.call.host, "::1");
  EXPECT_EQ(request.call.authority, "[::1]:4567");
  EXPECT_EQ(request.call.accept, "text/html, */*");
  EXPECT_EQ(request.call.content_type, "application/json");
  EXPECT_EQ(request.call.origin, "http://x");
  EXPECT_EQ(request.head_size, head.size());
  EXPECT_EQ(request.body_size, 12u);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(request.is_head || request.expects_continue);
}

TEST(RequestTest, SplitsTheTargetIntoPathAndQuery) {
  const auto path = [](const std::string &target) {
    const Request request = read("GET " + target + " HTTP/1.1\nHost: h:1\n\n");
    return request.call.path + " " + std::to_string(request.call.query.size());
  };
  EXPECT_EQ(path("/"), "/ 0");
  EXPECT_EQ(path("/?"), "/ 0");
  EXPECT_EQ(path("/a?b"), "/a 0");  // a query field without "=" is ignored
  EXPECT_EQ(path("/a?b="), "/a 1");
  EXPECT_EQ(path("/a#b?c=d"), "/a 0");
  EXPECT_EQ(path("http://h:1/a/b?c=d&e=f"), "/a/b 2");
  EXPECT_EQ(path("http://h:1"), "/ 0");
  EXPECT_EQ(path("http://h:1?c=d"), "/ 1");
}

TEST(RequestTest, ReadsKeepAliveHeadAndExpect) {
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: te, close\r\n\r\n").keep_alive);
  EXPECT_TRUE(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  const Request head = read("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(head.is_head);
  EXPECT_EQ(head.call.method, "GET");
  EXPECT_TRUE(read("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
}

TEST(RequestTest, FindsCookiesByTheirNames) {
  using Values = std::vector<std::string_view>;
  EXPECT_EQ(cookies_named("a=1; ab=2;a=3 ; b; =4", "a"), (Values{"1", "3"}));
  EXPECT_EQ(cookies_named("a=", "a"), (Values{""}));
  EXPECT_EQ(cookies_named("b=a=1", "a"), Values{});
  EXPECT_EQ(cookies_named("", "a"), Values{});
}

}  // namespace
}  // namespace astral::http
