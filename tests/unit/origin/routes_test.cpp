// SPDX-License-Identifier: BSD-3-Clause
// What all calls have in common: paths, methods, refused bodies, answers that wait for the disk.
#include <array>

#include "calls_fixture.hpp"

namespace astral::origin {
namespace {

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

TEST_F(OriginCalls, TheMapHasNodesTheirSupernodesAndStreams) {
  EXPECT_EQ(call("GET", "/map").body, R"({"nodes":[],"streams":[],"known_nodes":0,"known_streams":0})");
  call("POST", "/nodes", R"({"uuid":"s","port":8000,"supernode":true,"children":1,"capacity":9})");
  call("POST", "/nodes", R"({"uuid":"n","port":8001,"primary_supernode_uuid":"s"})");
  call("POST", "/streams", R"({"name":"a","source":"n","streaming":true})");
  now_ += 1s;
  EXPECT_EQ(
      call("GET", "/map").body,
      R"({"nodes":[{"uuid":"s","supernode":true,"children":1,"capacity":9},)"
      R"({"uuid":"n","supernode":false,"primary_supernode_uuid":"s"}],)"
      R"("streams":[{"slug":"a","name":"a","source":"n","streaming":true,"state":"live"}],"known_nodes":2,"known_streams":1})");
}

TEST_F(OriginCalls, PingTellsTheCallersAddress) {
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

TEST_P(OriginRefuses, ABadCallAndChangesNothing) {
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
        Bad{"POST", "/streams", R"({"name":" ","source":"n"})", 400, "'name'"},
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

TEST_F(OriginCalls, UnknownPathsAndWrongMethodsAreRefused) {
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

TEST_F(OriginCalls, BodiesMustBeJson) {
  for (const char *type : {"application/x-www-form-urlencoded", "text/plain", ""}) {
    content_type_ = type;
    EXPECT_EQ(call("POST", "/streams", R"({"name":"b","source":"n"})").status, 415u) << type;
    EXPECT_EQ(call("POST", "/nodes", R"({"uuid":"n","port":1})").status, 415u) << type;
  }
  EXPECT_EQ(call("GET", "/streams").body, R"({"streams":[]})");
}

TEST_F(OriginCalls, BadQueriesAreRefused) {
  for (const auto &[name, value] : std::map<std::string, std::string>{
           {"limit", "x"}, {"limit", "-1"}, {"limit", "10001"}, {"offset", "1x"}, {"sort", "size"}}) {
    EXPECT_EQ(call("GET", "/streams", {}, {{name, value}}).status, 400u) << name << value;
  }
  for (const char *limit : {"0", "257", "-1", "x", "", "1 "})
    EXPECT_EQ(call("GET", "/nodes", {}, {{"limit", limit}}).status, 400u) << limit;
  for (const char *port : {"0", "65536", "8000@example.net", ""})
    EXPECT_EQ(call("GET", "/upload", {}, {{"node", port}}).status, 400u) << port;
}

}  // namespace
}  // namespace astral::origin
