// SPDX-License-Identifier: BSD-3-Clause
// Which requests are read from the bytes of one connection, in pieces of any size.
#include "http/request_reader.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace astral::http {
namespace {

using State = RequestReader::State;

const BodyRules ten_bytes = [](const Call &call) {
  return BodyRule{.max = 10, .is_kept = call.path != "/counted"};
};

// Each request as "METHOD path <body>"; then the status of the refusal, if there is one.
std::vector<std::string> read_all(const std::string &bytes, std::size_t at_once) {
  RequestReader reader({}, ten_bytes);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += at_once) {
    reader.add(bytes.substr(at, at_once));
    while (reader.advance() == State::whole) {
      const Request request = reader.take();
      out.push_back(request.call.method + " " + request.call.path + " <" + request.call.body + ">");
    }
    if (reader.state() == State::refused) {
      out.push_back(std::to_string(reader.refusal().status));
      break;
    }
  }
  return out;
}

std::string post_with(const std::string &path, const std::string &fields, const std::string &body) {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

TEST(RequestReader, ReadsOneRequestAfterTheOtherInAnyPieces) {
  const std::string get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", chunked = "Transfer-Encoding: chunked\r\n";
  struct Case {
    std::string bytes;
    std::vector<std::string> requests;
  };
  for (const auto &[bytes, requests] : {
           Case{get + get + "GET /b", {"GET /a <>", "GET /a <>"}},
           Case{post_with("/x", "Content-Length: 3\r\n", "abc") + get, {"POST /x <abc>", "GET /a <>"}},
           Case{post_with("/x", chunked, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n") + get,
                {"POST /x <abc>", "GET /a <>"}},
           Case{post_with("/x", "", "") + get, {"POST /x <>", "GET /a <>"}},
           Case{post_with("/counted", "Content-Length: 3\r\n", "abc") + get,
                {"POST /counted <>", "GET /a <>"}},
           Case{post_with("/counted", "Content-Length: 11\r\n", "abc"), {"413"}},
           Case{get + post_with("/x", "Content-Length: 11\r\n", ""), {"GET /a <>", "413"}},
           Case{post_with("/x", chunked, "6\r\n123456\r\n5\r\n12345\r\n0\r\n\r\n") + get, {"413"}},
           Case{post_with("/x", chunked, "5\r\n123456\r\n"), {"400"}},
           Case{get + "\r\n" + get, {"GET /a <>", "400"}},
           Case{post_with("/x", chunked + "Content-Length: 3\r\n", "0\r\n\r\n") + get, {"400"}},
       }) {
    for (std::size_t at_once = 1; at_once <= bytes.size(); ++at_once)
      EXPECT_EQ(read_all(bytes, at_once), requests) << bytes << " by " << at_once;
  }
}

TEST(RequestReader, SaysWhichPartOfARequestItWaitsFor) {
  RequestReader reader({}, ten_bytes);
  EXPECT_EQ(reader.advance(), State::idle);
  reader.add("POST / HTTP/1.1\r\nHost: h\r\nConte");
  EXPECT_EQ(reader.advance(), State::head);
  reader.add("nt-Length: 2\r\n\r\na");
  EXPECT_EQ(reader.advance(), State::body);
  reader.add("bGET");
  EXPECT_EQ(reader.advance(), State::whole);
  EXPECT_TRUE(reader.has_rest());
  EXPECT_EQ(reader.take().call.body, "ab");
  EXPECT_EQ(reader.state(), State::idle);
  EXPECT_EQ(reader.advance(), State::head);
}

TEST(RequestReader, WantsContinueOnceAndOnlyBeforeTheBody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  RequestReader reader({}, ten_bytes);
  reader.add(head);
  EXPECT_FALSE(reader.take_expectation());
  reader.advance();
  EXPECT_TRUE(reader.take_expectation());
  EXPECT_FALSE(reader.take_expectation());
  RequestReader with_body({}, ten_bytes);
  with_body.add(head + "a");
  with_body.advance();
  EXPECT_FALSE(with_body.take_expectation());
}

}  // namespace
}  // namespace astral::http
