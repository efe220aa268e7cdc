// SPDX-License-Identifier: BSD-3-Clause
// One connection after the other, in every way that clients use and misuse them, over real sockets.
#include "origin/front.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "../http/pump.hpp"

namespace astral::origin {
namespace {

using test::pump_until;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  }
  ~Client() { hang_up(); }
  void hang_up() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
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

std::string get(const std::string &path, const std::string &fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n";
}
std::string post(const std::string &path, const std::string &body, const std::string &fields = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}

class FrontTest : public ::testing::Test {
 protected:
  void open(Front::Limits limits) {
    std::vector<http::Route> routes;
    routes.push_back({"GET", "/now/:word", [](const http::Call &call, const http::Answer &answer) {
                        answer({.body = "<" + call.params.at("word") + ">"});
                      }});
    routes.push_back({"GET", "/later", [this](const http::Call &, http::Answer answer) {
                        later_.push_back(std::move(answer));
                      }});
    routes.push_back({"GET", "/large", [](const http::Call &, const http::Answer &answer) {
                        answer({.body = std::string(large, 'x')});
                      }});
    routes.push_back({"POST", "/echo",
                      [](const http::Call &call, const http::Answer &answer) {
                        answer({.body = "<" + call.body + call.caller + ">"});
                      },
                      http::Who::anyone, 1000});
    front_ = std::move(*Front::open("127.0.0.1", 0, std::move(routes), limits));
  }
  void SetUp() override { open({}); }

  bool hears(Client &client, const std::string &what, std::size_t times = 1) {
    return pump_until([&] {
      client.listen();
      return client.count(what) >= times;
    });
  }
  bool is_closed(Client &client) {
    return pump_until([&] {
      client.listen();
      return client.closed;
    });
  }

  static constexpr std::size_t large = 8 * 1024 * 1024;
  std::vector<http::Answer> later_;
  std::unique_ptr<Front> front_;
};

TEST_F(FrontTest, AConnectionStays) {
  Client client(front_->port());
  for (const char *word : {"a", "b", "c"}) {
    client.say(get(std::string("/now/") + word));
    ASSERT_TRUE(hears(client, std::string("<") + word + ">"));
  }
  EXPECT_EQ(client.count("HTTP/1.1 200 OK\r\n"), 3u);
  EXPECT_EQ(client.count("Connection: close"), 0u);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(front_->connections(), 1u);
}

TEST_F(FrontTest, RequestsInOneBreathAreAnsweredInOrder) {
  Client client(front_->port());
  client.say(get("/now/a") + post("/echo", "b") + get("/later") + get("/now/d") + get("/nowhere"));
  ASSERT_TRUE(hears(client, "<b127.0.0.1>"));
  EXPECT_EQ(client.count("<d>"), 0u);  // its turn is after the one that is not answered yet
  ASSERT_EQ(later_.size(), 1u);
  later_[0]({.body = "<c>"});
  ASSERT_TRUE(hears(client, "not-found"));
  EXPECT_LT(client.heard.find("<a>"), client.heard.find("<b"));
  EXPECT_LT(client.heard.find("<c>"), client.heard.find("<d>"));
}

TEST_F(FrontTest, ThousandsInOneBreath) {
  Client client(front_->port());
  std::string all;
  for (int i = 0; i < 3000; ++i) all += get("/now/x");
  std::size_t said = 0;
  ASSERT_TRUE(pump_until([&] {
    if (said < all.size()) said += client.say(all.substr(said));
    client.listen();
    return client.count("<x>") == 3000;
  }));
}

TEST_F(FrontTest, ABodyInPieces) {
  Client client(front_->port());
  const std::string whole = post("/echo", "hello ");
  for (const char c : whole) {
    client.say(std::string(1, c));
    g_main_context_iteration(nullptr, FALSE);
  }
  EXPECT_TRUE(hears(client, "<hello 127.0.0.1>"));
}

TEST_F(FrontTest, SaysContinue) {
  Client client(front_->port());
  client.say("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(hears(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  client.say("ab");
  ASSERT_TRUE(hears(client, "<ab127.0.0.1>"));
  EXPECT_EQ(client.count("100 Continue"), 1u);
}

TEST_F(FrontTest, ClosesWhereItIsAsked) {
  for (const std::string &last :
       {get("/now/a", "Connection: close\r\n"), std::string("GET /now/a HTTP/1.0\r\n\r\n")}) {
    Client client(front_->port());
    client.say(last);
    ASSERT_TRUE(is_closed(client));
    EXPECT_EQ(client.count("<a>"), 1u);
    EXPECT_EQ(client.count("Connection: close\r\n"), 1u);
  }
}

TEST_F(FrontTest, AnswersWhoHasSaidAll) {
  Client client(front_->port());
  client.say(get("/later"));
  client.say_all();
  ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  later_[0]({.body = "<late>"});
  ASSERT_TRUE(is_closed(client));
  EXPECT_EQ(client.count("<late>"), 1u);
}

TEST_F(FrontTest, HeadHasNoBody) {
  Client client(front_->port());
  client.say("HEAD /now/a HTTP/1.1\r\nHost: h\r\n\r\n" + get("/now/b"));
  ASSERT_TRUE(hears(client, "<b>"));
  EXPECT_EQ(client.count("<a>"), 0u);
  EXPECT_EQ(client.count("Content-Length: 3\r\n"), 2u);
}

TEST_F(FrontTest, MethodsAndOtherSites) {
  Client client(front_->port());
  client.say(post("/now/a", "") + post("/echo", "x", "Origin: http://elsewhere.example\r\n") +
             post("/echo", "y", "Origin: http://127.0.0.1\r\n"));
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

class FrontRefuses : public FrontTest, public ::testing::WithParamInterface<Refused> {};

TEST_P(FrontRefuses, AndCloses) {
  for (const std::string &before : {std::string(), get("/now/a")}) {
    Client client(front_->port());
    client.say(before + GetParam().text);
    ASSERT_TRUE(hears(client, GetParam().status));
    EXPECT_EQ(client.count("Connection: close\r\n"), 1u);
    EXPECT_EQ(client.count("{\"error\":{\"code\":"), 1u);
    client.hang_up();
  }
  EXPECT_TRUE(pump_until([&] { return front_->connections() == 0; }));
}

INSTANTIATE_TEST_SUITE_P(
    Table, FrontRefuses,
    ::testing::Values(
        Refused{"a body that is too large", post("/echo", std::string(1001, 'x')), "HTTP/1.1 413 "},
        Refused{"one that says it will be",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n", "HTTP/1.1 413 "},
        Refused{"chunks", "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
                "HTTP/1.1 411 "},
        Refused{"two lengths",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                "HTTP/1.1 400 "},
        Refused{"length and chunks",
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
                "HTTP/1.1 411 "},
        Refused{"rubbish", "\x01\x02\r\n\r\n", "HTTP/1.1 400 "},
        Refused{"a folded field", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 400 "},
        Refused{"long fields", "GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(40000, 'a'),
                "HTTP/1.1 431 "}));

TEST_F(FrontTest, WhoNeverStopsIsCutOff) {
  Client client(front_->port());
  client.say("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000000\r\n\r\n");
  const std::string block(65536, 'x');
  std::size_t said = 0;
  ASSERT_TRUE(pump_until([&] {
    said += client.say(block);
    return client.broken;
  }));
  EXPECT_LT(said, std::size_t{64} << 20);
  EXPECT_EQ(front_->connections(), 0u);
}

TEST_F(FrontTest, ALargeAnswerToASlowReader) {
  Client client(front_->port());
  client.say(get("/large") + get("/now/after"));
  ASSERT_TRUE(hears(client, "<after>"));
  EXPECT_GT(client.heard.size(), large);
}

TEST_F(FrontTest, SlowOnesHearWhy) {
  open({.for_head = 100ms, .for_body = 100ms});
  for (const char *half :
       {"GET /now/a HTT", "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"}) {
    Client first(front_->port());  // of the listener
    first.say(half);
    EXPECT_TRUE(hears(first, "HTTP/1.1 408 ")) << half;
    Client second(front_->port());
    second.say(get("/now/a"));
    ASSERT_TRUE(hears(second, "<a>"));
    second.say(half);
    EXPECT_TRUE(hears(second, "HTTP/1.1 408 ")) << half;
  }
}

TEST_F(FrontTest, IdleOnesAreClosedQuietly) {
  open({.idle = 100ms});
  Client client(front_->port());
  client.say(get("/now/a"));
  ASSERT_TRUE(is_closed(client));
  EXPECT_EQ(client.count("HTTP/1.1 "), 1u);
  EXPECT_EQ(front_->connections(), 0u);
}

// Those who come now and then do not keep the others out.
TEST_F(FrontTest, NoneStaysWhereManyAre) {
  open({.connections = 200});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(front_->port()));
    clients.back()->say(get("/now/a"));
    ASSERT_TRUE(hears(*clients.back(), "<a>"));
    EXPECT_EQ(clients.back()->count("Connection: close"), 0u);
  }
  for (int i = 0; i < 200; ++i) {
    Client late(front_->port());
    late.say(get("/now/b"));
    ASSERT_TRUE(is_closed(late));
    EXPECT_EQ(late.count("<b>"), 1u) << i;
  }
  EXPECT_EQ(front_->connections(), 100u);
}

TEST_F(FrontTest, WhoDoesNotReadIsCutOff) {
  open({.for_answer = 100ms});
  Client client(front_->port());
  client.say(get("/large"));
  EXPECT_TRUE(pump_until([&] { return front_->connections() == 1; }));
  EXPECT_TRUE(pump_until([&] { return front_->connections() == 0; }));
}

TEST_F(FrontTest, AnswersThatComeTooLateDoNothing) {
  {
    Client client(front_->port());
    client.say(get("/later"));
    ASSERT_TRUE(pump_until([&] { return later_.size() == 1; }));
  }
  later_[0]({.body = "to nobody"});
  later_[0]({.body = "twice"});
  Client client(front_->port());
  client.say(get("/later"));
  ASSERT_TRUE(pump_until([&] { return later_.size() == 2; }));
  later_[1]({.body = "<once>"});
  later_[1]({.body = "<twice>"});
  ASSERT_TRUE(hears(client, "<once>"));
  EXPECT_EQ(client.count("<twice>"), 0u);
  client.say(get("/later"));
  ASSERT_TRUE(pump_until([&] { return later_.size() == 3; }));
  front_.reset();
  later_[2]({.body = "<after the end>"});
  client.listen();
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.count("<after the end>"), 0u);
}

}  // namespace
}  // namespace astral::origin
