// SPDX-License-Identifier: BSD-3-Clause
// Hostile requests: huge and truncated bodies, junk, pages of other sites, too many connections. Each gets
// its reply, and the node goes on.
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app_fixture.hpp"

namespace astral::test {
namespace {

class Limits : public AppTest {
 protected:
  void TearDown() override {
    if (app && !crowded) {
      EXPECT_EQ(http->get("/ping").status, 200u);
    }
  }
  bool crowded = false;
};

std::string request(const std::string &line, const std::string &headers, const std::string &body = "") {
  return line + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n" + body;
}

TEST_F(Limits, ATooLargeBodyIs413) {
  const HttpAnswer answer = post("/streams", R"({"name":")" + std::string(64 * 1024, 'x') + "\"}");
  EXPECT_EQ(answer.status, 413u);
  EXPECT_EQ(answer.error(), "too-large: the body is larger than 65536 bytes");
  const HttpAnswer ping =
      http->call({.method = "POST", .path = "/ping", .body = std::string(256 * 1024 + 1, 'x'), .type = ""});
  EXPECT_EQ(ping.status, 413u);
  EXPECT_EQ(http->get("/streams").body, "{\"streams\":[]}\n");
}

TEST_F(Limits, AnEndlessBodyIsCutOff) {
  start({.driver = {}, .server = {.drained = 1024 * 1024}});
  RawClient client(port());
  ASSERT_TRUE(client.send(
      request("POST /streams", "Content-Type: application/json\r\nContent-Length: 99999999999\r\n")));
  const std::string chunk(0x10000, 'x');
  const auto cut = [this] { return app->server().connections() == 0; };
  ASSERT_TRUE(pump_until([&] { return !cut(); }));
  for (int i = 0; i < 2000; ++i) {
    if (!client.send(chunk, cut)) break;
  }
  EXPECT_TRUE(cut());  // long before 128 MiB
}

TEST_F(Limits, ConnectionsLeaveTheLastDescriptorsToTheNode) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int next = dup(client);  // the number that the accepted socket will have
  close(next);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(next) + 2;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr *>(&address), sizeof address), 0);
  std::string heard;
  EXPECT_TRUE(pump_until([&] {
    char buffer[4096];
    const ssize_t got = recv(client, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) heard.append(buffer, static_cast<std::size_t>(got));
    if (got < 0) g_main_context_iteration(nullptr, FALSE);
    return got == 0;
  }));
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 503")) << heard;
  EXPECT_NE(heard.find("no descriptor is left"), std::string::npos) << heard;
  close(client);
}

TEST_F(Limits, AHugeBodyIsAnsweredBeforeItArrives) {
  RawClient client(port());
  ASSERT_TRUE(client.send(
      request("POST /streams", "Content-Type: application/json\r\nContent-Length: 99999999999\r\n", "{")));
  const std::string answer = client.receive_until("}}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413")) << answer;
  EXPECT_NE(answer.find(R"({"error":{"code":"too-large")"), std::string::npos);
}

TEST_F(Limits, AnInvalidContentLengthIsAnsweredAtOnce) {
  for (const char *length : {"-1", "", "18446744073709551615", "99999999999999999999999"}) {
    RawClient client(port());
    ASSERT_TRUE(client.send(request("POST /streams", std::string("Content-Length: ") + length + "\r\n")));
    EXPECT_TRUE(client.receive_until("}}").starts_with("HTTP/1.1 4")) << length;
  }
}

TEST_F(Limits, ATruncatedBodyChangesNothing) {
  for (const std::size_t size : {0u, 1u, 10u}) {
    RawClient client(port());
    ASSERT_TRUE(
        client.send(request("POST /streams", "Content-Type: application/json\r\nContent-Length: 20\r\n",
                            std::string(size, '{'))));
  }
  EXPECT_EQ(http->get("/streams").body, "{\"streams\":[]}\n");
}

TEST_F(Limits, JunkGetsAnErrorReply) {
  for (const std::string &junk :
       {std::string(500, '\xff') + "\r\n\r\n", std::string("GET\r\n\r\n"),
        std::string("GET http://[ HTTP/1.1\r\n\r\n"),
        std::string("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        std::string("CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        std::string("GET /%ff%00%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        std::string("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
        std::string("GET //stream HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n"),
        std::string("POST /streams HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /streams HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rubbish\r\n\r\n"),
        std::string("POST /streams HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n"),
        std::string("GET / HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n"),
        "GET / HTTP/1.1\r\nX: " + std::string(2'000'000, 'a') + "\r\n\r\n"}) {
    RawClient client(port());
    if (client.send(junk)) client.end();
    const std::string answer = client.receive_until("}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4")) << junk.substr(0, 100) << answer;
    EXPECT_NE(answer.find(R"({"error":{"code":")"), std::string::npos) << junk.substr(0, 100) << answer;
  }
}

TEST_F(Limits, APageOfAnotherSiteMayChangeNothing) {
  const std::string here = "http://127.0.0.1:" + std::to_string(port());
  const HttpRequest make{.method = "POST", .path = "/streams", .body = R"({"name":"x"})"};
  for (const char *origin : {"http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"}) {
    HttpRequest foreign = make;
    foreign.headers["Origin"] = origin;
    EXPECT_EQ(http->call(foreign).status, 403u) << origin;
  }
  HttpRequest rebound = make;  // a name of theirs that points here
  rebound.headers = {{"Origin", "http://evil.example"}, {"Host", "evil.example"}};
  EXPECT_EQ(http->call(rebound).status, 403u);
  rebound.headers.erase("Origin");
  EXPECT_EQ(http->call(rebound).status, 403u);
  EXPECT_EQ(
      http->call({.path = "/streams", .headers = {{"Host", "evil.example"}}}).error(),
      "refused: header 'Host': 'evil.example' is no name of this node; use its IP address, or start it with "
      "--allowed-host evil.example");
  EXPECT_EQ(http->get("/streams").body, "{\"streams\":[]}\n");
  HttpRequest own = make;
  own.headers["Origin"] = here;
  EXPECT_EQ(http->call(own).status, 201u);
  own.headers = {{"Origin", "http://localhost:1234"}, {"Host", "localhost:1234"}};
  EXPECT_EQ(http->call(own).status, 200u);

  const std::string upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
      "dGhlIHNhbXBsZSBub25jZQ==\r\n";
  RawClient foreign(port());
  ASSERT_TRUE(foreign.send(request("GET /events", upgrade + "Origin: http://evil.example\r\n")));
  EXPECT_TRUE(foreign.receive_until("}}").starts_with("HTTP/1.1 403"));
  RawClient friendly(port());
  ASSERT_TRUE(friendly.send(request("GET /events", upgrade + "Origin: http://127.0.0.1\r\n")));
  const std::string answer = friendly.receive_until("\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101")) << answer;
  EXPECT_NE(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  EXPECT_EQ(answer.find("permessage-deflate"), std::string::npos);
}

TEST_F(Limits, AnInvalidWebSocketHandshakeIs400) {
  for (const char *headers : {"", "Upgrade: websocket\r\nConnection: Upgrade\r\n",
                              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
                              "12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
                              "13\r\nSec-WebSocket-Key: short\r\n"}) {
    RawClient client(port());
    ASSERT_TRUE(client.send(request("GET /peer", headers)));
    EXPECT_TRUE(client.receive_until("}}").starts_with("HTTP/1.1 400")) << headers;
  }
}

TEST_F(Limits, OneConnectionTooManyGets503) {
  start({.driver = {}, .server = {.connections = 3}});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::make_unique<RawClient>(port()));
  ASSERT_TRUE(pump_until([&] { return app->server().connections() == 3; }));
  RawClient one_more(port());
  ASSERT_TRUE(one_more.send(request("GET /ping", "")));
  const std::string answer = one_more.receive_until("never");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503")) << answer;
  EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos) << answer;
  EXPECT_NE(answer.find("too many are connected"), std::string::npos) << answer;
  EXPECT_TRUE(one_more.ended());
  clients.clear();
  ASSERT_TRUE(pump_until([&] { return app->server().connections() <= 1; }));
}

// A byte every 50 ms does not extend the time limit.
TEST_F(Limits, ASlowRequestHeadIsCutOff) {
  start({.driver = {}, .server = {.for_head = 500ms}});
  RawClient silent(port()), half(port());
  ASSERT_TRUE(half.send("GET / HTTP/1.1\r\nHost"));
  bool cut = false;
  Timer drip(g_main_context_default(), [&] {
    half.send("x");
    if (!cut) drip.set(now() + 50ms);
  });
  drip.set(now());
  EXPECT_TRUE(half.receive_until("}}").starts_with("HTTP/1.1 408"));
  cut = true;
  EXPECT_EQ(silent.receive_until("never"), "");
  EXPECT_TRUE(silent.ended());
}

TEST_F(Limits, ASlowBodyIsCutOff) {
  start({.driver = {}, .server = {.for_body = 500ms}});
  RawClient half(port());
  ASSERT_TRUE(half.send(request("POST /streams", "Content-Length: 1000\r\n", "{")));
  bool cut = false;
  Timer drip(g_main_context_default(), [&] {
    half.send(" ");
    if (!cut) drip.set(now() + 50ms);
  });
  drip.set(now());
  const std::string answer = half.receive_until("}}");
  cut = true;
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
  EXPECT_NE(answer.find("the request did not come in time"), std::string::npos) << answer;
}

TEST_F(Limits, AClientThatDoesNotReadItsReplyIsCutOff) {
  start({.driver = {}, .server = {.for_answer = 500ms}});
  RawClient slow(port());
  ASSERT_TRUE(slow.send(request("GET /ping?bytes=2097152", "")));
  ASSERT_TRUE(pump_until([&] { return app->server().connections() == 1; }));
  EXPECT_TRUE(pump_until([&] { return app->server().connections() == 0; }));
}

TEST_F(Limits, ATruncatedBodyIs400) {
  for (const char *body : {"", "{", R"({"name":"x"})"}) {
    RawClient client(port());
    ASSERT_TRUE(client.send(request("POST /streams", "Content-Length: 20\r\n", body)));
    client.end();
    const std::string answer = client.receive_until("}}");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << body << answer;
    EXPECT_NE(answer.find("the body broke off"), std::string::npos) << body << answer;
  }
}

TEST_F(Limits, AConnectionStaysOpenForFurtherRequests) {
  RawClient client(port());
  ASSERT_TRUE(client.send(request("GET /ping", "") + request("GET /node", "Connection: close\r\n")));
  const std::string answer = client.receive_until("never");
  const std::size_t node = answer.find("\"node\"");
  EXPECT_LT(answer.find("Pong!"), node) << answer;
  EXPECT_NE(node, std::string::npos) << answer;
  EXPECT_GT(answer.find("Connection: close"), answer.find("Pong!")) << answer;
  EXPECT_TRUE(client.ended());
}

TEST_F(Limits, APageOfAnAllowedOriginMayChangeThings) {
  start({.driver = {}, .access = {.checks_host = true, .origins = {"https://friend.example"}}});
  const std::map<std::string, std::string> from_friend{{"Origin", "https://friend.example"}};
  const HttpAnswer asked = http->call({.method = "OPTIONS", .path = "/streams", .headers = from_friend});
  EXPECT_EQ(asked.status, 204u);
  EXPECT_EQ(asked.headers.at("Access-Control-Allow-Methods"), "GET, HEAD, POST");
  EXPECT_EQ(asked.headers.at("Access-Control-Allow-Origin"), "https://friend.example");
  const HttpAnswer made =
      http->call({.method = "POST", .path = "/streams", .body = R"({"name":"x"})", .headers = from_friend});
  EXPECT_EQ(made.status, 201u);
  EXPECT_EQ(made.headers.at("Access-Control-Allow-Origin"), "https://friend.example");
  EXPECT_EQ(made.headers.at("Vary"), "Origin");
  const HttpAnswer foreign =
      http->call({.method = "OPTIONS", .path = "/streams", .headers = {{"Origin", "https://evil.example"}}});
  EXPECT_EQ(foreign.status, 405u);
  EXPECT_FALSE(foreign.headers.contains("Access-Control-Allow-Origin"));
}

TEST_F(Limits, APortInUseIsAnError) {
  FakeMedia other_media;
  node::App::Settings settings;
  settings.listen = "127.0.0.1";
  settings.port = port();
  const auto second = node::App::open(std::move(settings), other_media);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unreachable);
  EXPECT_NE(second.error().detail.find("port " + std::to_string(port())), std::string::npos);
}

TEST_F(Limits, TwoHundredCallsAtOnceAreAnswered) {
  std::vector<std::shared_ptr<HttpClient::Pending>> calls;
  for (int i = 0; i < 200; ++i)
    calls.push_back(http->begin({.path = i % 2 ? "/streams" : "/ping?bytes=100000"}));
  for (const auto &call : calls) {
    ASSERT_TRUE(pump_until([&] { return call->done; }));
    EXPECT_EQ(call->answer.status, 200u);
  }
}

}  // namespace
}  // namespace astral::test
