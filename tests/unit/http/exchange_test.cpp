// SPDX-License-Identifier: BSD-3-Clause
// HTTP requests to other programs, over real sockets: the whole answer arrives within a maximum size and a
// deadline, or an error is reported.
#include "http/exchange.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "http/server.hpp"
#include "pump.hpp"

namespace astral::http {
namespace {

using test::pump_until;

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest() {
    std::vector<Route> routes;
    for (const char *method : {"GET", "POST"})
      routes.push_back(
          {.method = method, .pattern = "/", .handle = [this](const Call &call, const Answer &answer) {
             asked_ = call;
             if (answers_) return answer(reply_);
             silent_.push_back(answer);
           }});
    server_ = std::move(*Server::open("127.0.0.1", 0, std::move(routes), {}));
    question_.url = "http://127.0.0.1:" + std::to_string(server_->port()) + "/";
  }
  ~ExchangeTest() override { g_cancellable_cancel(cancellable_.get()); }

  void ask() {
    told_.reset();
    const auto asked = exchange(session_, question_, cancellable_, [this](Expected<Told> told) {
      EXPECT_FALSE(told_);  // once
      told_ = std::move(told);
    });
    EXPECT_TRUE(asked);
    EXPECT_FALSE(told_);  // never inside exchange()
  }
  const Expected<Told> &told() {
    ask();
    EXPECT_TRUE(pump_until([&] { return told_.has_value(); }));
    return *told_;
  }
  std::optional<Code> fault() {
    const Expected<Told> &answer = told();
    return answer ? std::nullopt : std::optional(answer.error().code);
  }

  Reply reply_{.body = "{}"};
  bool answers_ = true;
  Call asked_;
  std::vector<Answer> silent_;
  std::unique_ptr<Server> server_;
  Question question_;
  Ref<SoupSession> session_ = Ref<SoupSession>::adopt(soup_session_new());
  Ref<GCancellable> cancellable_ = Ref<GCancellable>::adopt(g_cancellable_new());
  std::optional<Expected<Told>> told_;
};

TEST_F(ExchangeTest, SendsARequestAndReturnsTheAnswer) {
  question_.method = "POST";
  question_.body = "a question";
  question_.type = "text/plain";
  reply_ = {.status = 404, .body = "an answer"};
  ASSERT_TRUE(told());
  EXPECT_EQ((*told_)->status, 404u);
  EXPECT_EQ((*told_)->body, "an answer");
  EXPECT_EQ(asked_.body, "a question");
  EXPECT_EQ(asked_.content_type, "text/plain");
  EXPECT_EQ(asked_.accept, "application/json");
}

TEST_F(ExchangeTest, AnAnswerAboveTheMaximumIsAnError) {
  question_.max_answer = 300'000;  // arrives in several reads
  reply_.body = std::string(question_.max_answer, 'x');
  ASSERT_TRUE(told());
  EXPECT_EQ((*told_)->body, reply_.body);
  reply_.body += 'x';
  EXPECT_EQ(fault(), Code::too_large);
}

TEST_F(ExchangeTest, TimesOutWithoutAnAnswer) {
  answers_ = false;
  question_.patience = 200ms;
  EXPECT_EQ(fault(), Code::timeout);
}

TEST_F(ExchangeTest, AClosedPortIsUnreachable) {
  server_.reset();
  EXPECT_EQ(fault(), Code::unreachable);
}

// A TCP server that sends the bytes that the test gives it.
class RawServer {
 public:
  RawServer() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof any;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr *>(&any), sizeof any), 0);
    EXPECT_EQ(listen(fd_, 1), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr *>(&any), &size), 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(any.sin_port)) + "/";
  }
  ~RawServer() {
    close(guest_);
    close(fd_);
  }
  void answer(const std::string &bytes) {
    EXPECT_TRUE(pump_until([&] { return (guest_ = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0; }));
    EXPECT_EQ(send(guest_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  std::string url;

 private:
  const int fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int guest_ = -1;
};

TEST_F(ExchangeTest, TooManyInterimResponsesAreAnError) {
  RawServer server;
  question_.url = server.url;
  question_.patience = 5s;
  ask();
  std::string announced;
  for (int i = 0; i < 50; ++i) announced += "HTTP/1.1 102 Processing\r\n\r\n";
  server.answer(announced);
  ASSERT_TRUE(pump_until([&] { return told_.has_value(); }));
  ASSERT_FALSE(*told_);
  EXPECT_EQ(told_->error().code, Code::unreachable);
  EXPECT_EQ(told_->error().detail, "the answer is announced without end");
}

TEST_F(ExchangeTest, SkipsAnInterimResponse) {
  RawServer server;
  question_.url = server.url;
  ask();
  server.answer("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  ASSERT_TRUE(pump_until([&] { return told_.has_value(); }));
  ASSERT_TRUE(*told_);
  EXPECT_EQ((*told_)->body, "{}");
}

TEST_F(ExchangeTest, DoesNotFollowRedirections) {
  reply_ = {.status = 302, .headers = {{"Location", "http://127.0.0.1:1/"}}};
  ASSERT_TRUE(told());
  EXPECT_EQ((*told_)->status, 302u);
}

TEST_F(ExchangeTest, ACancelledExchangeIsNotReported) {
  answers_ = false;
  ask();
  ASSERT_TRUE(pump_until([&] { return !silent_.empty(); }));
  g_cancellable_cancel(cancellable_.get());
  ask();  // cancelled before it begins
  cancellable_ = Ref<GCancellable>::adopt(g_cancellable_new());
  const Ref<GCancellable> other = cancellable_;
  bool is_over = false;
  answers_ = true;
  ASSERT_TRUE(exchange(session_, question_, other, [&](const Expected<Told> &) { is_over = true; }));
  ASSERT_TRUE(pump_until([&] { return is_over; }));
  EXPECT_FALSE(told_);
}

TEST_F(ExchangeTest, AnInvalidUrlIsAnErrorAtOnce) {
  question_.url = "n";
  const auto asked = exchange(session_, question_, cancellable_, [](const Expected<Told> &) { FAIL(); });
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Code::invalid);
}

}  // namespace
}  // namespace astral::http
