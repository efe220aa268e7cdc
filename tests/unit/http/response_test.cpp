// SPDX-License-Identifier: BSD-3-Clause
// The bytes of a response, and the queue that sends them.
#include "http/response.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace astral::http {
namespace {

bool has_line(const std::string &text, const std::string &line) {
  return text.find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST(Response, HasTheLengthOfBodyAndParts) {
  Reply reply{.status = 201, .type = "text/plain", .body = "abc", .headers = {{"Location", "/x"}}};
  reply.parts.push_back(Slice::copy(as_bytes("de")));
  const std::string head = response_head(reply, true, "me");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 201 Created\r\nDate: ")) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  for (const char *line : {"Server: me", "Content-Type: text/plain", "Content-Length: 5", "Location: /x",
                           "X-Content-Type-Options: nosniff"})
    EXPECT_TRUE(has_line(head, line)) << line << head;
  EXPECT_EQ(head.find("Connection:"), std::string::npos);
}

TEST(Response, SaysThatTheConnectionCloses) {
  EXPECT_TRUE(has_line(response_head({}), "Connection: close"));
  const std::string whole = response({.body = "abc"});
  EXPECT_TRUE(has_line(whole, "Connection: close"));
  EXPECT_TRUE(has_line(whole, "Content-Length: 3"));
  EXPECT_TRUE(whole.ends_with("\r\n\r\nabc"));
}

TEST(Response, HasNoLengthIfTheConnectionEndsTheBodyOrThereIsNoBody) {
  const std::string live =
      response_head({.take_over = [](const Ref<GIOStream> &, const std::string &) {}}, true);
  EXPECT_TRUE(has_line(live, "Connection: close"));
  EXPECT_EQ(live.find("Content-Length"), std::string::npos);
  const std::string none = response_head({.status = 204, .type = ""}, true);
  EXPECT_EQ(none.find("Content-"), none.find("Content-Type-Options")) << none;
}

TEST(SendQueue, SendsInOrderWhatTheSocketAccepts) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  SendQueue queue;
  std::string wanted;
  for (int i = 0; i < 100; ++i) {
    const std::string text(static_cast<std::size_t>(i) * 1000, static_cast<char>('a' + i % 26));
    queue.add(text);
    wanted += text;
  }
  std::string got;
  std::array<char, 65536> buffer{};
  int rounds = 0;
  do {
    ASSERT_TRUE(queue.send(ends[0]));
    ++rounds;
    for (ssize_t size = 0; (size = recv(ends[1], buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;)
      got.append(buffer.data(), static_cast<std::size_t>(size));
  } while (!queue.empty());
  EXPECT_EQ(got, wanted);
  EXPECT_GT(rounds, 1);
  close(ends[1]);
  queue.add("x");
  EXPECT_FALSE(queue.send(ends[0]));
  close(ends[0]);
}

}  // namespace
}  // namespace astral::http
