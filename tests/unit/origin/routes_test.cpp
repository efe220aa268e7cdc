// SPDX-License-Identifier: BSD-3-Clause
// The origin's calls as callers see them: status, headers and bodies, without a socket.
#include "origin/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "origin/page.hpp"
#include "origin/wire.hpp"

namespace astral::origin {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
constexpr UnixTime start{1'700'000'000s};

struct Seen {
  unsigned status = 0;
  std::string type;
  std::string body;
  std::string location;
  std::string policy;
};

class OriginCalls : public ::testing::Test {
 protected:
  Seen call(const std::string &method, const std::string &path, std::string body = {},
            std::map<std::string, std::string> query = {}) {
    const api::Match found = api::match(routes_, method, path);
    if (!found.route) return {found.allow.empty() ? 404u : 405u, "", found.allow, "", ""};
    api::Call call;
    call.method = method;
    call.path = path;
    call.params = found.params;
    call.query = std::move(query);
    call.accept = accept_;
    call.content_type = content_type_;
    call.body = std::move(body);
    call.caller = caller_;
    Seen seen;
    found.route->handle(call, [&](const api::Reply &reply) {
      seen = {reply.status, reply.type, reply.body, "", ""};
      while (!seen.body.empty() && seen.body.back() == '\n') seen.body.pop_back();
      for (const auto &[name, value] : reply.headers) {
        if (name == "Location") seen.location = value;
        if (name == "Content-Security-Policy") seen.policy = value;
      }
    });
    return seen;
  }

  UnixTime now_ = start;
  std::string caller_ = "192.0.2.9";
  std::string accept_;
  std::string content_type_ = "application/json";
  Expected<void> disk_;
  Changes kept_;
  std::vector<std::string> asked_;
  bool may_ask_ = true;
  Registry registry_{core::Rng(1)};
  Edges edges_{
      .clock = [this] { return now_; },
      .keep =
          [this](Changes changes, const std::function<void(Expected<void>)> &kept) {
            kept_.add(std::move(changes));
            if (kept) kept(disk_);
          },
      .check =
          [this](const Check &check) {
            if (may_ask_)
              asked_.push_back(check.uuid + " " + check.ip_address + " " + std::to_string(check.port));
            return may_ask_;
          }};
  std::vector<api::Route> routes_ = routes(registry_, edges_);
};

TEST_F(OriginCalls, StreamsCreateUpdateConflict) {
  const Seen created = call("POST", "/streams", R"({"name":"My Talk!","source":"n","streaming":true})");
  EXPECT_EQ(created.status, 201u);
  EXPECT_EQ(created.location, "/stream/my-talk");
  EXPECT_EQ(created.body,
            R"({"stream":{"name":"My Talk!","slug":"my-talk","description":"","source":"n","streaming":true,)"
            R"("created":1700000000,"media":""}})");
  now_ += 5s;
  const Seen updated = call("POST", "/streams", R"({"slug":"my-talk","source":"n","viewers":3})");
  EXPECT_EQ(updated.status, 200u);
  EXPECT_THAT(updated.body, HasSubstr(R"("viewers":3,"created":1700000000)"));
  const Seen taken = call("POST", "/streams", R"({"name":"my talk","source":"m"})");
  EXPECT_EQ(taken.status, 409u);
  EXPECT_EQ(taken.body, R"({"error":{"code":"conflict","message":"slug my-talk is taken by another node"}})");
}

TEST_F(OriginCalls, StreamsListAndLapse) {
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":true})");
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":true)"));
  now_ += 99s;
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("streaming":true)"));
  now_ += 1s;
  EXPECT_THAT(call("GET", "/stream/a").body, HasSubstr(R"("streaming":false)"));
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":true)"));
}

TEST_F(OriginCalls, OnlyTheOwnerChangesAStream) {
  call("POST", "/streams", R"({"name":"a","source":"n","description":"old","media":"m"})");
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"m","streaming":true})").status, 403u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"streaming":true})").status, 400u);
  EXPECT_EQ(call("DELETE", "/stream/a").status, 400u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "m"}}).status, 403u);
  const Seen changed = call("PUT", "/stream/a", R"({"streaming":true,"bitrate_kbps":9})", {{"uuid", "n"}});
  EXPECT_EQ(changed.status, 200u);
  EXPECT_EQ(changed.body, call("GET", "/stream/a").body);
  EXPECT_THAT(changed.body,
              HasSubstr(R"("description":"old","source":"n","streaming":true,"bitrate_kbps":9)"));
  EXPECT_EQ(call("DELETE", "/stream/a", R"({"source":"n"})").status, 200u);
  EXPECT_EQ(call("GET", "/stream/a").status, 404u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 404u);
}

TEST_F(OriginCalls, Nodes) {
  const Seen created = call("POST", "/nodes",
                            R"({"uuid":"n","port":8000,"supernode":true,"upstream_kbps":1000,"rtt_ms":2.5,)"
                            R"("children":3,"capacity":100})");
  EXPECT_EQ(created.status, 201u);
  EXPECT_EQ(created.location, "/node/n");
  EXPECT_EQ(created.body, R"({"node":{"uuid":"n","ip_address":"192.0.2.9","port":8000,"supernode":true,)"
                          R"("rtt_ms":2.5,"upstream_kbps":1000,"children":3,"capacity":100,"version":""},)"
                          R"("reachable":null})");
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8001,"ip_address":"192.0.2.10"})").status, 200u);
  EXPECT_EQ(
      call("GET", "/nodes").body,
      R"({"nodes":[{"uuid":"n","ip_address":"192.0.2.10","port":8001,"supernode":false,"version":""}]})");
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
  now_ += 100s;
  EXPECT_EQ(call("GET", "/nodes").body, R"({"nodes":[]})");
  EXPECT_EQ(call("GET", "/node/n").status, 404u);
  EXPECT_EQ(call("DELETE", "/node/n").status, 404u);
}

TEST_F(OriginCalls, NodesAreASample) {
  for (int i = 0; i < 300; ++i) {
    call("POST", "/nodes", R"({"supernode":true,"port":8000,"uuid":"n)" + std::to_string(i) + "\"}");
  }
  const auto count = [&](std::map<std::string, std::string> query) {
    const std::string body = call("GET", "/nodes", {}, std::move(query)).body;
    std::size_t found = 0;
    for (auto at = body.find("\"uuid\""); at != std::string::npos; at = body.find("\"uuid\"", at + 1))
      ++found;
    return found;
  };
  EXPECT_EQ(count({}), 16u);
  EXPECT_EQ(count({{"limit", "3"}}), 3u);
  EXPECT_EQ(count({{"limit", "256"}}), 256u);
  EXPECT_NE(call("GET", "/nodes").body, call("GET", "/nodes").body);
}

TEST_F(OriginCalls, ANodeTakesItselfAway) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  EXPECT_EQ(call("DELETE", "/node/n").body, R"({"removed":true})");
  EXPECT_EQ(call("DELETE", "/node/n").status, 404u);
  EXPECT_FALSE(kept_.nodes.at("n"));
}

TEST_F(OriginCalls, AnothersWordIsAHint) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  found(registry_, edges_, "n", true);
  asked_.clear();
  caller_ = "198.51.100.1";
  Seen hint = call("DELETE", "/node/n");
  EXPECT_EQ(hint.status, 202u);
  EXPECT_EQ(hint.body, R"({"removed":false,"checking":true})");
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});
  may_ask_ = false;
  EXPECT_EQ(call("DELETE", "/node/n").body, R"({"removed":false,"checking":false})");
  found(registry_, edges_, "n", true);  // it is there
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
  found(registry_, edges_, "n", false);  // it has gone
  EXPECT_EQ(call("GET", "/node/n").status, 404u);
  EXPECT_FALSE(kept_.nodes.at("n"));
  found(registry_, edges_, "n", false);
}

TEST_F(OriginCalls, AHintDoesNotRemoveWhoNeverCouldBeReached) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  for (int i = 0; i < 3; ++i) found(registry_, edges_, "n", false);
  EXPECT_EQ(call("GET", "/node/n").status, 200u);
}

TEST_F(OriginCalls, SaysWhetherANodeCanBeReached) {
  const std::string report = R"({"uuid":"n","port":8000})";
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":null})"));
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});
  found(registry_, edges_, "n", false);
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":false})"));
  EXPECT_EQ(asked_.size(), 1u);
  now_ += 60s;  // somebody may have opened a port
  call("POST", "/nodes", report);
  EXPECT_EQ(asked_.size(), 2u);
  found(registry_, edges_, "n", true);
  EXPECT_THAT(call("POST", "/nodes", report).body, HasSubstr(R"("reachable":true})"));
  EXPECT_THAT(call("GET", "/nodes").body, HasSubstr(R"("reachable":true)"));
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(OriginCalls, AsksNobodyWhereStrangersPoint) {
  for (const char *address : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "224.0.0.1", "0.0.0.0"}) {
    call("POST", "/nodes", std::string(R"({"uuid":"n","port":80,"ip_address":")") + address + "\"}");
    EXPECT_EQ(asked_.size(), 0u) << address;
  }
}

TEST_F(OriginCalls, TwoOfOneUuid) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  found(registry_, edges_, "n", true);
  asked_.clear();
  caller_ = "198.51.100.1";
  const Seen second = call("POST", "/nodes", R"({"uuid":"n","port":666,"ip_address":"192.0.2.9"})");
  EXPECT_EQ(second.status, 409u);
  EXPECT_THAT(second.body, HasSubstr(R"("code":"conflict")"));
  EXPECT_THAT(call("GET", "/node/n").body, HasSubstr(R"("port":8000)"));
  EXPECT_EQ(asked_, std::vector<std::string>{"n 192.0.2.9 8000"});  // is the first one still there?
  found(registry_, edges_, "n", false);
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":666})").status, 201u);
}

TEST_F(OriginCalls, StreamsBelongToAnAddress) {
  call("POST", "/nodes", R"({"uuid":"n","port":8000})");
  call("POST", "/streams", R"({"name":"a","source":"n"})");
  caller_ = "198.51.100.1";
  EXPECT_EQ(call("POST", "/streams", R"({"name":"b","source":"n"})").status, 403u);
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n"})").status, 403u);
  EXPECT_EQ(call("PUT", "/stream/a", R"({"uuid":"n","streaming":true})").status, 403u);
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 403u);
  EXPECT_THAT(call("GET", "/streams").body, HasSubstr(R"("streaming":false)"));
  caller_ = "192.0.2.9";
  EXPECT_EQ(call("DELETE", "/stream/a", {}, {{"uuid", "n"}}).status, 200u);
}

TEST_F(OriginCalls, ConfirmsOnlyWhatIsOnTheDisk) {
  disk_ = fail(Code::failed, "the store: disk I/O error");
  const Seen seen = call("POST", "/streams", R"({"name":"a","source":"n"})");
  EXPECT_EQ(seen.status, 500u);
  EXPECT_THAT(seen.body, HasSubstr("disk I/O error"));
  EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":8000})").status, 500u);
  disk_ = {};
  EXPECT_EQ(call("POST", "/streams", R"({"name":"a","source":"n"})").status, 200u);
  EXPECT_TRUE(kept_.streams.at("a") && kept_.nodes.at("n"));
}

TEST_F(OriginCalls, TheMap) {
  EXPECT_EQ(call("GET", "/map").body, R"({"nodes":[],"streams":[],"known_nodes":0,"known_streams":0})");
  call("POST", "/nodes", R"({"uuid":"s","port":8000,"supernode":true,"children":1,"capacity":9})");
  call("POST", "/nodes", R"({"uuid":"n","port":8001,"primary_supernode_uuid":"s"})");
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":true})");
  now_ += 1s;
  EXPECT_EQ(
      call("GET", "/map").body,
      R"({"nodes":[{"uuid":"s","supernode":true,"children":1,"capacity":9},)"
      R"({"uuid":"n","supernode":false,"primary_supernode_uuid":"s"}],)"
      R"("streams":[{"slug":"a","name":"a","source":"n","streaming":true}],"known_nodes":2,"known_streams":1})");
}

TEST_F(OriginCalls, Ping) {
  EXPECT_EQ(call("GET", "/ping").body, R"({"ip":"192.0.2.9"})");
  EXPECT_EQ(call("POST", "/ping").status, 200u);
}

struct Bad {
  const char *method;
  const char *path;
  std::string body;
  unsigned status;
  const char *names;  // what the message must name
};

void PrintTo(const Bad &bad, std::ostream *out) {
  *out << bad.method << " " << bad.path << " " << bad.body.substr(0, 60);
}

class OriginRefuses : public OriginCalls, public ::testing::WithParamInterface<Bad> {};

TEST_P(OriginRefuses, AndChangesNothing) {
  call("POST", "/streams", R"({"name":"a","source":"n"})");
  call("POST", "/nodes", R"({"uuid":"n","port":1})");
  const std::string before = call("GET", "/streams").body + call("GET", "/nodes").body;
  const Bad &bad = GetParam();
  const Seen reply = call(bad.method, bad.path, bad.body);
  EXPECT_EQ(reply.status, bad.status) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(R"({"error":{"code":")"));
  EXPECT_THAT(reply.body, HasSubstr(bad.names));
  EXPECT_EQ(call("GET", "/streams").body + call("GET", "/nodes").body, before);
}

INSTANTIATE_TEST_SUITE_P(
    Table, OriginRefuses,
    ::testing::Values(
        Bad{"POST", "/streams", "", 400, "not JSON"}, Bad{"POST", "/streams", "{\"name\":", 400, "not JSON"},
        Bad{"POST", "/streams", "[]", 400, "object"},
        Bad{"POST", "/streams", R"({"source":"n"})", 400, "'name'"},
        Bad{"POST", "/streams", R"({"name":"!","source":"n"})", 400, "'name'"},
        Bad{"POST", "/streams", R"({"name":7,"source":"n"})", 400, "'name'"},
        Bad{"POST", "/streams", R"({"name":"b"})", 400, "'source'"},
        Bad{"POST", "/streams", R"({"name":"b","source":"a/b"})", 400, "'source'"},
        Bad{"POST", "/streams", R"({"slug":"B","source":"n"})", 400, "'slug'"},
        Bad{"POST", "/streams", R"({"name":"b","source":"n","viewers":-1})", 400, "'viewers'"},
        Bad{"POST", "/streams", R"({"name":")" + std::string(201, 'x') + R"(","source":"n"})", 400, "'name'"},
        Bad{"POST", "/streams", R"({"name":"b","source":"n","media":")" + std::string(4097, 'x') + "\"}", 400,
            "'media'"},
        Bad{"POST", "/streams", std::string(100, '['), 413, "deep"},
        Bad{"POST", "/nodes", R"({"port":8000})", 400, "'uuid'"},
        Bad{"POST", "/nodes", R"({"uuid":"m"})", 400, "'port'"},
        Bad{"POST", "/nodes", R"({"uuid":"m","port":0})", 400, "'port'"},
        Bad{"POST", "/nodes", R"({"uuid":"m","port":8000,"ip_address":"host.example"})", 400, "'ip_address'"},
        Bad{"POST", "/nodes", R"({"uuid":"m","port":8000,"supernode":"yes"})", 400, "'supernode'"},
        Bad{"POST", "/nodes", R"({"uuid":"m","port":8000,"rtt_ms":-1})", 400, "'rtt_ms'"},
        Bad{"POST", "/nodes", R"({"uuid":"m","port":8000,"capacity":-1})", 400, "'capacity'"},
        Bad{"PUT", "/stream/a", R"({"uuid":"n","streaming":1})", 400, "'streaming'"},
        Bad{"PUT", "/stream/b", R"({"uuid":"n"})", 404, "no stream b"},
        Bad{"DELETE", "/stream/a", R"({"uuid":"a b"})", 400, "'uuid'"},
        Bad{"DELETE", "/node/m", "", 404, "no node m"}, Bad{"GET", "/stream/b", "", 404, "no stream b"}));

TEST_F(OriginCalls, PathsAndMethods) {
  EXPECT_EQ(call("GET", "/nope").status, 404u);
  EXPECT_EQ(call("GET", "/stream/a/b").status, 404u);
  for (const auto &[method, path, allow] :
       std::vector<std::array<const char *, 3>>{{"PATCH", "/streams", "GET, POST"},
                                                {"POST", "/stream/a", "GET, PUT, DELETE"},
                                                {"PUT", "/nodes", "GET, POST"},
                                                {"PUT", "/node/n", "GET, DELETE"},
                                                {"POST", "/", "GET"},
                                                {"POST", "/map", "GET"},
                                                {"POST", "/upload", "GET"},
                                                {"POST", "/stream/a/publish", "GET"},
                                                {"DELETE", "/ping", "GET, POST"}}) {
    const Seen seen = call(method, path);
    EXPECT_EQ(seen.status, 405u) << path;
    for (const char *word : {"GET", "POST", "PUT", "DELETE"}) {
      EXPECT_EQ(seen.body.find(word) == std::string::npos, std::string(allow).find(word) == std::string::npos)
          << path << " " << seen.body;
    }
  }
}

TEST_F(OriginCalls, WantsJsonBodies) {
  for (const char *type : {"application/x-www-form-urlencoded", "text/plain", ""}) {
    content_type_ = type;
    EXPECT_EQ(call("POST", "/streams", R"({"name":"b","source":"n"})").status, 415u) << type;
    EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":1})").status, 415u) << type;
  }
  EXPECT_EQ(call("GET", "/streams").body, R"({"streams":[]})");
}

TEST_F(OriginCalls, BadQueries) {
  for (const auto &[name, value] : std::map<std::string, std::string>{
           {"limit", "x"}, {"limit", "-1"}, {"limit", "10001"}, {"offset", "1x"}, {"sort", "size"}}) {
    EXPECT_EQ(call("GET", "/streams", {}, {{name, value}}).status, 400u) << name << value;
  }
  for (const char *limit : {"0", "257", "-1", "x", "", "1 "})
    EXPECT_EQ(call("GET", "/nodes", {}, {{"limit", limit}}).status, 400u) << limit;
  for (const char *port : {"0", "65536", "8000@example.net", ""})
    EXPECT_EQ(call("GET", "/upload", {}, {{"node", port}}).status, 400u) << port;
}

TEST_F(OriginCalls, PagesEscapeWhatStrangersSay) {
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
    // Nothing of it would be refused by its own policy.
    for (const char *inline_ : {" style=", "<style", " onclick=", "<script>"})
      EXPECT_THAT(page.body, Not(HasSubstr(inline_))) << path;
  }
  EXPECT_THAT(call("GET", "/upload", {}, {{"node", "8123"}}).policy,
              HasSubstr("form-action 'self' http://127.0.0.1:8123;"));
  EXPECT_THAT(call("GET", "/upload", {}, {{"node", "8123"}}).body,
              HasSubstr("<form class=\"card\" action=\"http://127.0.0.1:8123/#publish-title\">"));
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

}  // namespace
}  // namespace astral::origin
