// SPDX-License-Identifier: BSD-3-Clause
// Which request heads are complete, which need more bytes, and why the others are refused.
#include "http/request_head.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::http {
namespace {

std::string verdict(const std::string &bytes, const HeadLimits &limits = {}) {
  const auto sound = check_head(bytes, limits);
  if (!sound) return std::to_string(sound.error().status) + " " + sound.error().error.detail;
  return *sound ? "whole" : "more";
}

std::string get(const std::string &headers, const std::string &line = "GET / HTTP/1.1") {
  return line + "\r\n" + headers + "\r\n";
}

TEST(Head, IsCompleteAtTheEmptyLineAndNotBefore) {
  const std::string head = get("Host: x\r\nAccept: */*\r\n");
  for (std::size_t size = 0; size < head.size(); ++size)
    EXPECT_EQ(verdict(head.substr(0, size)), "more") << size;
  EXPECT_EQ(verdict(head), "whole");
  EXPECT_EQ(verdict(head + "\xff\0 the body"), "whole");
  EXPECT_EQ(verdict("GET / HTTP/1.1\nHost: x\n\n"), "whole");
}

TEST(Head, ValidHeadsAreAccepted) {
  for (const std::string &head :
       {get("Host: 127.0.0.1:8000\r\n", "GET /a/%41?b=c&d HTTP/1.1"), get("Host: [::1]:80\r\n"),
        get("", "GET / HTTP/1.0"), get("Host: x\r\nContent-Length: 0\r\n", "POST /streams HTTP/1.1"),
        get("Host: x\r\nX:\r\nY: \t a b\t\r\n"),
        get("Host: x\r\ntransfer-encoding: Chunked\r\n", "POST / HTTP/1.1"),
        get("host:x\r\n", "GET http://x/y HTTP/1.1"),
        get("Host: x\r\nCookie: caf\xc3\xa9\r\n", "get / HTTP/1.1")}) {
    EXPECT_EQ(verdict(head), "whole") << head;
  }
}

struct Bad {
  std::string head;
  const char *verdict;
};

TEST(Head, InvalidHeadsAreRefusedWithTheReason) {
  const char *line = "400 the first line must be METHOD, path and HTTP/1.1";
  const char *version = "400 only HTTP/1.1 and HTTP/1.0 are spoken here";
  const char *path = "400 the address is no path of this program";
  const char *length = "400 header 'Content-Length': must be a number of bytes";
  const char *coding = "400 header 'Transfer-Encoding': must be chunked, in HTTP/1.1";
  const char *both = "400 header 'Transfer-Encoding': and 'Content-Length' cannot both be there";
  const char *host = "400 header 'Host': must be HOST or HOST:PORT";
  for (const Bad &bad : {
           Bad{std::string("\x16\x03\x01", 3), "400 that is no HTTP; without TLS, please"},
           Bad{std::string(1, '\0'), "400 that is no HTTP; without TLS, please"},
           Bad{"\r\nGET / HTTP/1.1\r\n", "400 that is no HTTP; without TLS, please"},
           Bad{"GET\r\n", line},
           Bad{"GET /\r\n", line},
           Bad{"G(T / HTTP/1.1\r\n", line},
           Bad{std::string(33, 'G') + " / HTTP/1.1\r\n", line},
           Bad{"GET / HTTP/2.0\r\n", version},
           Bad{"GET / HTTP/9.9\r\n", version},
           Bad{"GET / http/1.1\r\n", version},
           Bad{"GET /a b HTTP/1.1\r\n", path},
           Bad{"GET /a\tb HTTP/1.1\r\n", path},
           Bad{"GET /\xff HTTP/1.1\r\n", path},
           Bad{"GET x HTTP/1.1\r\n", path},
           Bad{"OPTIONS * HTTP/1.1\r\n", path},
           Bad{"GET https://x/ HTTP/1.1\r\n", path},
           Bad{"CONNECT /x HTTP/1.1\r\n", path},
           Bad{"CONNECT x:1 HTTP/1.1\r\n", path},
           Bad{get("Host: x\r\n", "GET /%zz HTTP/1.1"), path},
           Bad{get("Host: x\r\n", "GET http://[ HTTP/1.1"), path},
           Bad{get("Host: x\r\n", "GET http:///y HTTP/1.1"), path},
           Bad{get("Host: [\r\n"), path},
           Bad{get("Host: x:99999\r\n"), path},
           Bad{get(""), "400 header 'Host': is missing"},
           Bad{get("Host: x\r\nhOST: x\r\n"), "400 header 'Host': is there twice"},
           Bad{get("Host:\r\n"), host},
           Bad{get("Host: a/b\r\n"), host},
           Bad{get("Host: a@b\r\n"), host},
           Bad{get("Host: a, b\r\n"), host},
           Bad{get("Host: x\r\nContent-Length: -1\r\n"), length},
           Bad{get("Host: x\r\nContent-Length:\r\n"), length},
           Bad{get("Host: x\r\nContent-Length: 0x10\r\n"), length},
           Bad{get("Host: x\r\nContent-Length: 18446744073709551615\r\n"), length},
           Bad{get("Host: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n"),
               "400 header 'Content-Length': is there twice"},
           Bad{get("Host: x\r\nContent-Length: 1\r\ntransfer-encoding: chunked\r\n"), both},
           Bad{get("Host: x\r\nTransfer-Encoding: gzip, chunked\r\n"), coding},
           Bad{get("Host: x\r\nTransfer-Encoding: chunked, chunked\r\n"), coding},
           Bad{get("Host: x\r\nTransfer-Encoding:\r\n"), coding},
           Bad{get("Host: x\r\nTransfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), coding},
           Bad{get("Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
               "400 header 'Transfer-Encoding': is there twice"},
           Bad{get("Host: x\r\nX : y\r\n"), "400 a header must be NAME: value, on one line"},
           Bad{get("Host: x\r\n folded\r\n"), "400 a header must be NAME: value, on one line"},
           Bad{get("Host: x\r\nnothing\r\n"), "400 a header must be NAME: value, on one line"},
           Bad{get(std::string("Host: x\r\nX: a\0b\r\n", 17)), "400 header 'X': has a control character"},
           Bad{get("Host: x\r\nX: a\rb\r\n"), "400 header 'X': has a control character"},
       }) {
    EXPECT_EQ(verdict(bad.head), bad.verdict) << bad.head;
  }
}

TEST(Head, HasMaxima) {
  const HeadLimits limits{.bytes = 200, .target = 20, .fields = 3};
  const std::string at_most = "GET /" + std::string(19, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(verdict(at_most, limits), "whole");
  EXPECT_EQ(verdict("GET /" + std::string(20, 'a') + " HTTP/1.1\r\n", limits),
            "414 the address is longer than 20 bytes");
  EXPECT_EQ(verdict("GET /" + std::string(100, 'a'), limits), "414 the address is longer than 20 bytes");
  EXPECT_EQ(verdict(get("Host: x\r\nA: b\r\nC: d\r\n"), limits), "whole");
  EXPECT_EQ(verdict(get("Host: x\r\nA: b\r\nC: d\r\nE: f\r\n"), limits), "431 there are more than 3 headers");
  const std::string filled = "GET / HTTP/1.1\r\nHost: " + std::string(200, 'x');
  EXPECT_EQ(verdict(filled.substr(0, 199), limits), "more");
  EXPECT_EQ(verdict(filled.substr(0, 200), limits), "431 the headers are larger than 200 bytes");
  EXPECT_EQ(verdict(filled + "\r\n\r\n", limits), "431 the headers are larger than 200 bytes");
}

}  // namespace
}  // namespace astral::http
