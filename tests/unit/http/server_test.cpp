// SPDX-License-Identifier: BSD-3-Clause
// The server over real sockets, with correct and with hostile clients.
#include "http/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "pump.hpp"

namespace astral::http {
namespace {

using test::pump_until;

class TestClient {
 public:
  explicit TestClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  }
  ~TestClient() { hang_up(); }
  void hang_up() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  // Breaks the connection: the other side sees an error.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    hang_up();
  }
  void say_all() { shutdown(socket_, SHUT_WR); }
  std::size_t say(const std::string &text) {
    const auto sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    broken = sent < 0 && errno != EAGAIN;
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  void listen() {
    char buffer[65536];
    for (;;) {
      const auto size = recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) return;
      if (size <= 0) return static_cast<void>(closed = true);
      heard.append(buffer, static_cast<std::size_t>(size));
    }
  }
  std::size_t count(const std::string &what) const {
    std::size_t found = 0;
    for (auto at = heard.find(what); at != std::string::npos; at = heard.find(what, at + what.size()))
      ++found;
    return found;
  }

  std::string heard;
  bool closed = false;
  bool broken = false;

 private:
  int socket_;
};

std::string get_request(const std::string &path, const std::string &fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n";
}
std::string post_request(const std::string &path, const std::string &body, const std::string &fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}

class ServerTest : public ::testing::Test {
 protected:
  void open(ServerLimits limits) {
    std::vector<Route> routes;
    routes.push_back({"GET", "/now/:word", [](const Call &call, const Answer &answer) {
                        answer({.body = "<" + call.params.at("word") + ">"});
                      }});
    routes.push_back(
        {"GET", "/later", [this](const Call &, Answer answer) { later_.push_back(std::move(answer)); }});
    routes.push_back({"GET", "/large",
                      [](const Call &, const Answer &answer) { answer({.body = std::string(large, 'x')}); }});
    routes.push_back({"POST", "/echo",
                      [](const Call &call, const Answer &answer) {
                        answer({.body = "<" + call.body + call.caller + ">"});
                      },
                      Who::anyone, 1000});
    routes.push_back(
        {"GET", "/live", [this](const Call &, Answer answer) { later_.push_back(std::move(answer)); }});
    std::vector<SocketRoute> sockets;
    sockets.push_back(
        {.path = "/socket",
         .may_open = [this](const Call &) -> Expected<void> {
           if (has_room_) return {};
           return fail(Code::no_room, "too many");
         },
         .open = [this](Ref<GIOStream> stream,
                        const Call &call) { taken_.emplace_back(std::move(stream), call.query.at("a")); }});
    server_ = std::move(*Server::open("127.0.0.1", 0, std::move(routes), std::move(sockets), limits, rules_));
  }
  void SetUp() override { open({}); }

  bool hears(TestClient &client, const std::string &what, std::size_t times = 1) {
    return pump_until([&] {
      client.listen();
      return client.count(what) >= times;
    });
  }
  bool is_closed(TestClient &client) {
    return pump_until([&] {
      client.listen();
      return client.closed;
    });
  }

  static constexpr std::size_t large = 8 * 1024 * 1024;
  // A reply that hands its connection over to this test.
  Reply live() {
    return {.type = "video/x", .take_over = [this](Ref<GIOStream> stream, const std::string &head) {
              taken_.emplace_back(std::move(stream), head);
            }};
  }

  std::vector<Answer> later_;
  std::vector<std::pair<Ref<GIOStream>, std::string>> taken_;
  bool has_room_ = true;
  Access::Rules rules_ = {};
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AConnectionServesSeveralRequests) {
  TestClient client(server_->port());
  for (const char *word : {"a", "b", "c"}) {
    client.say(get_request(std::string("/now/") + word));
    ASSERT_TRUE(hears(client, std::string("<") + word + ">"));
  }
  EXPECT_EQ(client.count("HTTP/1.1 200 OK\r\n"), 3u);
  EXPECT_EQ(client.count("Connection: close"), 0u);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  TestClient client(server_->port());
  client.say(get_request("/now/a") + post_request("/echo", "b") + get_request("/later") +
             get_request("/now/d") + get_request("/nowhere"));
  ASSERT_TRUE(hears(client, "<b127.0.0.1>"));
  EXPECT_EQ(client.count("<d>"), 0u);  // waits for the answer to the request before it
  ASSERT_EQ(later_.size(), 1u);
  later_[0]({.body = "<c>"});
  ASSERT_TRUE(hears(client, "not-found"));
  EXPECT_LT(client.heard.find("<a>"), client.heard.find("<b"));
  EXPECT_LT(client.heard.find("<c>"), client.heard.find("<d>"));
}

TEST_F(ServerTest, ThousandsOfPipelinedRequestsAreAnswered) {
  TestClient client(server_->port());
  std::string all;
  for (int i = 0; i < 3000; ++i) all += get_request("/now/x");
  std::size_t said = 0;
  ASSERT_TRUE(pump_until([&] {
    if (said < all.size()) said += client.say(all.substr(said));
    client.listen();
    return client.count("<x>") == 3000;
  }));
}

TEST_F(ServerTest, ABodyMayArriveInPieces) {
  TestClient client(server_->port());
  const std::string whole = post_request("/echo", "hello ");
  for (const char c : whole) {
    client.say(std::string(1, c));
    g_main_context_iteration(nullptr, FALSE);
  }
  EXPECT_TRUE(hears(client, "<hello 127.0.0.1>"));
}

TEST_F(ServerTest, AnswersExpectWith100Continue) {
  TestClient client(server_->port());
  client.say("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(hears(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  client.say("ab");
  ASSERT_TRUE(hears(client, "<ab127.0.0.1>"));
  EXPECT_EQ(client.count("100 Continue"), 1u);
}

TEST_F(ServerTest, ClosesAfterTheResponseIfTheClientAsks) {
  for (const std::string &last :
       {get_request("/now/a", "Connection: close\r\n"), std::string("GET /now/a HTTP/1.0\r\n\r\n")}) {
    TestClient client(server_->port());
    client.say(last);
    ASSERT_TRUE(is_closed(client));
    EXPECT_EQ(client.count("<a>"), 1u);
    EXPECT_EQ(client.count("Connection: close\r\n"), 1u);
  }
}

TEST_F(ServerTest, AnswersAClientThatHasClosedItsSendingSide) {
  TestClient client(server_->port());
  client.say(get_request("/later"));
  client.say_all();
  ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  later_[0]({.body = "<late>"});
  ASSERT_TRUE(is_closed(client));
  EXPECT_EQ(client.count("<late>"), 1u);
}

TEST_F(ServerTest, TheResponseToHeadHasNoBody) {
  TestClient client(server_->port());
  client.say("HEAD /now/a HTTP/1.1\r\nHost: h\r\n\r\n" + get_request("/now/b"));
  ASSERT_TRUE(hears(client, "<b>"));
  EXPECT_EQ(client.count("<a>"), 0u);
  EXPECT_EQ(client.count("Content-Length: 3\r\n"), 2u);
}

TEST_F(ServerTest, RefusesWrongMethodsAndPagesOfOtherSites) {
  TestClient client(server_->port());
  client.say(post_request("/now/a", "") + post_request("/echo", "x", "Origin: http://elsewhere.example\r\n") +
             post_request("/echo", "y", "Origin: http://127.0.0.1\r\n"));
  ASSERT_TRUE(hears(client, "<y127.0.0.1>"));
  EXPECT_EQ(client.count("HTTP/1.1 405 "), 1u);
  EXPECT_EQ(client.count("Allow: GET, HEAD\r\n"), 1u);
  EXPECT_EQ(client.count("HTTP/1.1 403 "), 1u);
  EXPECT_EQ(client.count("<x"), 0u);
}

struct Refused {
  const char *what;
  std::string text;
  const char *status;
};

void PrintTo(const Refused &refused, std::ostream *out) {
  *out << refused.what;
}

class ServerRefuses : public ServerTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(ServerRefuses, AnInvalidRequestAndCloses) {
  for (const std::string &before : {std::string(), get_request("/now/a")}) {
    TestClient client(server_->port());
    client.say(before + GetParam().text);
    ASSERT_TRUE(hears(client, GetParam().status));
    EXPECT_EQ(client.count("Connection: close\r\n"), 1u);
    EXPECT_EQ(client.count("{\"error\":{\"code\":"), 1u);
    client.hang_up();
  }
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ServerRefuses,
    ::testing::Values(
        Refused{"a body that is too large", post_request("/echo", std::string(1001, 'x')), "HTTP/1.1 413 "},
        Refused{"an announced length that is too large",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", "HTTP/1.1 413 "},
        Refused{"a body that is not chunked",
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "HTTP/1.1 400 "},
        Refused{"chunks that are too large",
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n" +
                    std::string(1001, 'x'),
                "HTTP/1.1 413 "},
        Refused{"two lengths",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "HTTP/1.1 400 "},
        Refused{"length and chunks",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
                "HTTP/1.1 400 "},
        Refused{"rubbish", "\x01\x02\r\n\r\n", "HTTP/1.1 400 "},
        Refused{"a folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 400 "},
        Refused{"long fields", "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(40000, 'a'),
                "HTTP/1.1 431 "}));

TEST_F(ServerTest, AClientThatNeverStopsSendingIsCutOff) {
  TestClient client(server_->port());
  client.say("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n\r\n");
  const std::string block(65536, 'x');
  std::size_t said = 0;
  ASSERT_TRUE(pump_until([&] {
    said += client.say(block);
    return client.broken;
  }));
  EXPECT_LT(said, std::size_t{64} << 20);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, ALargeAnswerReachesASlowReader) {
  TestClient client(server_->port());
  client.say(get_request("/large") + get_request("/now/after"));
  ASSERT_TRUE(hears(client, "<after>"));
  EXPECT_GT(client.heard.size(), large);
}

TEST_F(ServerTest, ASlowRequestIsAnsweredWith408) {
  open({.for_head = 100ms, .for_body = 100ms});
  for (const char *half :
       {"GET /now/a HTT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"}) {
    TestClient first(server_->port());  // its first request is slow
    first.say(half);
    EXPECT_TRUE(hears(first, "HTTP/1.1 408 ")) << half;
    TestClient second(server_->port());
    second.say(get_request("/now/a"));
    ASSERT_TRUE(hears(second, "<a>"));
    second.say(half);
    EXPECT_TRUE(hears(second, "HTTP/1.1 408 ")) << half;
  }
}

TEST_F(ServerTest, AnIdleConnectionIsClosedWithoutAResponse) {
  open({.idle = 100ms});
  TestClient client(server_->port());
  client.say(get_request("/now/a"));
  ASSERT_TRUE(is_closed(client));
  EXPECT_EQ(client.count("HTTP/1.1 "), 1u);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, ABodyMayBeChunked) {
  TestClient client(server_->port());
  client.say("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(hears(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  client.say("3\r\nabc\r\n2;x\r\nde\r\n0\r\nX: y\r\n\r\n" + get_request("/now/next"));
  ASSERT_TRUE(hears(client, "<next>"));
  EXPECT_EQ(client.count("<abcde127.0.0.1>"), 1u);
}

TEST_F(ServerTest, ATruncatedBodyIsAnsweredWith400) {
  for (const char *fields :
       {"Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
    TestClient client(server_->port());
    client.say(std::string("POST /echo HTTP/1.1\r\nHost: h\r\n") + fields);
    client.say_all();
    ASSERT_TRUE(is_closed(client));
    EXPECT_EQ(client.count("HTTP/1.1 400 "), 1u) << fields;
    EXPECT_EQ(client.count("the body broke off"), 1u) << fields;
  }
}

const std::string handshake_headers =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\n";

TEST_F(ServerTest, AWebSocketTakesItsConnectionOver) {
  TestClient client(server_->port());
  client.say(get_request("/now/a") + get_request("/socket?a=b", handshake_headers));
  ASSERT_TRUE(hears(client, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].second, "b");
  EXPECT_EQ(server_->connections(), 1u);  // it counts until its new owner releases it
  client.say("frames");
  char text[16];
  EXPECT_EQ(g_input_stream_read(g_io_stream_get_input_stream(taken_[0].first.get()), text, sizeof text,
                                nullptr, nullptr),
            6);
  taken_.clear();
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, AWebSocketThatCannotBeOpenedGetsAnError) {
  TestClient client(server_->port());
  client.say(get_request("/socket?a=b") + "POST /socket HTTP/1.1\r\nHost: h\r\n" + handshake_headers +
             "\r\n" + get_request("/socket?a=b", handshake_headers + "Origin: http://elsewhere.example\r\n"));
  ASSERT_TRUE(hears(client, "HTTP/1.1 403 "));
  EXPECT_EQ(client.count("HTTP/1.1 400 "), 1u);
  EXPECT_EQ(client.count("HTTP/1.1 405 "), 1u);
  client.say(get_request("/socket?a=b", handshake_headers) + "early");
  ASSERT_TRUE(hears(client, "wait for the response before you send"));
  TestClient late(server_->port());
  has_room_ = false;
  late.say(get_request("/socket?a=b", handshake_headers));
  ASSERT_TRUE(hears(late, "HTTP/1.1 503 "));
  EXPECT_TRUE(taken_.empty());
}

TEST_F(ServerTest, ALiveReplyTakesItsConnectionOver) {
  TestClient client(server_->port());
  client.say(get_request("/live"));
  ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  EXPECT_EQ(server_->waiting(), 1u);
  later_[0](live());
  EXPECT_EQ(server_->waiting(), 0u);
  ASSERT_EQ(taken_.size(), 1u);
  ASSERT_TRUE(taken_[0].first);
  EXPECT_TRUE(taken_[0].second.starts_with("HTTP/1.1 200 OK\r\n")) << taken_[0].second;
  EXPECT_EQ(taken_[0].second.find("Content-Length"), std::string::npos);
  client.listen();
  EXPECT_EQ(client.heard, "");  // the new owner sends the head
  EXPECT_FALSE(client.closed);
}

TEST_F(ServerTest, ALiveReplyGetsNoConnectionForHeadOrAClosedOne) {
  TestClient head(server_->port());
  head.say("HEAD /live HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  later_[0](live());
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_FALSE(taken_[0].first);
  ASSERT_TRUE(is_closed(head));
  EXPECT_EQ(head.count("Content-Type: video/x\r\n"), 1u);

  open({.for_head = 100ms});
  {
    TestClient broken(server_->port());
    broken.say(get_request("/live"));
    ASSERT_TRUE(pump_until([&] { return later_.size() == 2; }));
    broken.reset();
  }
  ASSERT_TRUE(pump_until([&] { return server_->connections() == 0; }));
  later_[1](live());
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_FALSE(taken_[1].first);
  EXPECT_EQ(server_->waiting(), 0u);
}

TEST_F(ServerTest, APageOfAnAllowedOriginMayReadTheAnswers) {
  rules_.origins = {"https://friend.example"};
  open({});
  TestClient client(server_->port());
  const std::string from_friend = "Origin: https://friend.example\r\n";
  client.say("OPTIONS /echo HTTP/1.1\r\nHost: h\r\n" + from_friend + "\r\n" +
             post_request("/echo", "x", from_friend) + get_request("/nowhere", from_friend) +
             get_request("/now/a", "Origin: https://evil.example\r\n"));
  ASSERT_TRUE(hears(client, "<a>"));
  EXPECT_EQ(client.count("Access-Control-Allow-Methods: POST\r\n"), 1u);
  EXPECT_EQ(client.count("Access-Control-Allow-Origin: https://friend.example\r\n"), 3u);
  EXPECT_EQ(client.count("Vary: Origin\r\n"), 3u);
}

// Otherwise the response could be lost because the client has sent more.
TEST_F(ServerTest, AClosingConnectionIsReadUntilTheClientCloses) {
  TestClient client(server_->port());
  client.say(get_request("/now/a", "Connection: close\r\n") + get_request("/now/b"));
  ASSERT_TRUE(is_closed(client));
  EXPECT_EQ(client.count("<a>"), 1u);
  EXPECT_EQ(client.count("<b>"), 0u);
  EXPECT_EQ(server_->connections(), 1u);
  client.hang_up();
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 0; }));
}

// So connections that are rarely used do not keep others out.
TEST_F(ServerTest, ConnectionsAreNotKeptWhenHalfOfAllAreInUse) {
  open({.connections = 200});
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<TestClient>(server_->port()));
    clients.back()->say(get_request("/now/a"));
    ASSERT_TRUE(hears(*clients.back(), "<a>"));
    EXPECT_EQ(clients.back()->count("Connection: close"), 0u);
  }
  for (int i = 0; i < 200; ++i) {
    TestClient late(server_->port());
    late.say(get_request("/now/b"));
    ASSERT_TRUE(is_closed(late));
    EXPECT_EQ(late.count("<b>"), 1u) << i;
  }
  EXPECT_EQ(server_->connections(), 100u);
}

TEST_F(ServerTest, AClientThatDoesNotReadIsCutOff) {
  open({.for_answer = 100ms});
  TestClient client(server_->port());
  client.say(get_request("/large"));
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 1; }));
  EXPECT_TRUE(pump_until([&] { return server_->connections() == 0; }));
}

TEST_F(ServerTest, LateAndRepeatedAnswersDoNothing) {
  {
    TestClient client(server_->port());
    client.say(get_request("/later"));
    ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  }
  later_[0]({.body = "to nobody"});
  later_[0]({.body = "twice"});
  TestClient client(server_->port());
  client.say(get_request("/later"));
  ASSERT_TRUE(pump_until([&] { return later_.size() == 2; }));
  later_[1]({.body = "<once>"});
  later_[1]({.body = "<twice>"});
  ASSERT_TRUE(hears(client, "<once>"));
  EXPECT_EQ(client.count("<twice>"), 0u);
  client.say(get_request("/later"));
  ASSERT_TRUE(pump_until([&] { return later_.size() == 3; }));
  server_.reset();
  later_[2]({.body = "<after the end>"});
  client.listen();
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.count("<after the end>"), 0u);
}

}  // namespace
}  // namespace astral::http
