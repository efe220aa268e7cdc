// SPDX-License-Identifier: BSD-3-Clause
// What counts as an answer of a node, over real sockets. An HTTP server in this process acts as the node.
#include "origin/prober.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "../http/pump.hpp"
#include "http/server.hpp"

namespace astral::origin {
namespace {

using test::pump_until;

// No pause between two checks.
CheckLimits limits(Time deadline) {
  CheckLimits made;
  made.between_of_a_node = 0s;
  made.between_of_an_address = 0s;
  made.deadline = deadline;
  made.max_answer = 2000;
  return made;
}

class ProberTest : public ::testing::Test {
 protected:
  ProberTest() {
    std::vector<http::Route> routes;
    routes.push_back(
        {.method = "GET", .pattern = "/node", .handle = [this](const http::Call &call, http::Answer answer) {
           ++asked_;
           host_ = call.authority;
           if (answers_) return answer(reply_);
           silent_.push_back(std::move(answer));
         }});
    routes.push_back({.method = "GET",
                      .pattern = "/elsewhere",
                      .handle = [](const http::Call &, const http::Answer &answer) {
                        answer({.body = R"({"node":{"uuid":"n"}})"});
                      }});
    server_ = std::move(*http::Server::open("127.0.0.1", 0, std::move(routes), {}));
  }

  std::optional<bool> ask(const std::string &uuid = "n", std::uint16_t port = 0) {
    found_.reset();
    EXPECT_TRUE(prober_->want({uuid, "127.0.0.1", port == 0 ? server_->port() : port}));
    EXPECT_FALSE(found_);  // never inside want()
    EXPECT_TRUE(pump_until([&] { return found_.has_value(); }));
    return found_;
  }

  http::Reply reply_{.body = R"({"node":{"uuid":"n","port":1}})"};
  bool answers_ = true;
  int asked_ = 0;
  std::string host_;
  std::vector<http::Answer> silent_;
  std::unique_ptr<http::Server> server_;
  std::optional<bool> found_;
  std::unique_ptr<Prober> prober(Time deadline) {
    return std::make_unique<Prober>([this](const std::string &, bool answered) { found_ = answered; },
                                    limits(deadline));
  }
  std::unique_ptr<Prober> prober_ = prober(20s);
};

TEST_F(ProberTest, TheNodesOwnAnswerCounts) {
  EXPECT_EQ(ask(), true);
  EXPECT_EQ(host_, "127.0.0.1:" + std::to_string(server_->port()));
  EXPECT_EQ(ask(), true);
  EXPECT_EQ(asked_, 2);
}

TEST_F(ProberTest, AnAnswerOfAnotherNodeDoesNotCount) {
  EXPECT_EQ(ask("m"), false);
}

TEST_F(ProberTest, AnAnswerWithoutTheUuidDoesNotCount) {
  for (const char *body :
       {"", "{}", "[]", "uuid n", R"({"node":"n"})", R"({"uuid":"n"})", R"({"node":{"uuid":7}})"}) {
    reply_.body = body;
    EXPECT_EQ(ask(), false) << body;
  }
}

TEST_F(ProberTest, AnErrorStatusDoesNotCount) {
  reply_.status = 404;
  EXPECT_EQ(ask(), false);
}

TEST_F(ProberTest, DoesNotFollowRedirections) {
  reply_ = {.status = 302, .headers = {{"Location", "/elsewhere"}}};
  EXPECT_EQ(ask(), false);
}

TEST_F(ProberTest, AnAnswerAboveTheLimitDoesNotCount) {
  reply_.body.insert(1, std::string(2000, ' '));
  EXPECT_EQ(ask(), false);
}

TEST_F(ProberTest, AClosedPortDoesNotCount) {
  const std::uint16_t port = server_->port();
  server_.reset();
  EXPECT_EQ(ask("n", port), false);
}

TEST_F(ProberTest, ANodeThatDoesNotAnswerInTimeDoesNotCount) {
  answers_ = false;
  prober_ = prober(200ms);
  EXPECT_EQ(ask(), false);
}

TEST_F(ProberTest, MayBeDestroyedDuringACheck) {
  answers_ = false;
  {
    Prober other([](const std::string &, bool) { FAIL(); }, limits(20s));
    EXPECT_TRUE(other.want({"n", "127.0.0.1", server_->port()}));
    ASSERT_TRUE(pump_until([&] { return asked_ == 1; }));
  }
  answers_ = true;
  EXPECT_EQ(ask(), true);  // and nothing is called for the check that was running
}

}  // namespace
}  // namespace astral::origin
