// SPDX-License-Identifier: BSD-3-Clause
// Which chunked bodies are decoded, in pieces of any size, and which are refused.
#include "http/chunked_decoder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace astral::http {
namespace {

// The body and, after '|', the bytes that follow it; or the error.
std::string decode(const std::string &bytes, std::size_t at_once) {
  ChunkedDecoder decoder;
  std::string body, rest;
  for (std::size_t at = 0; at < bytes.size(); at += at_once) {
    const std::string piece = bytes.substr(at, at_once);
    std::string_view left = piece;
    while (!left.empty() && !decoder.is_done()) {
      const auto data = decoder.next(left);
      if (!data) return data.error().detail;
      body += *data;
    }
    rest += left;
  }
  return body + (decoder.is_done() ? "|" : "...") + rest;
}

TEST(ChunkedDecoder, DecodesTheBodyAndStopsAfterIt) {
  for (const auto &[bytes, body] : {
           std::pair<std::string, std::string>{"0\r\n\r\n", "|"},
           {"5\r\nhello\r\n0\r\n\r\nGET /", "hello|GET /"},
           {"1\r\na\r\n00A\r\n0123456789\r\n000\r\n\r\n", "a0123456789|"},
           {"a;x=\"y\" ;z\r\n\r\n\r\n\r\n\r\n\r\n\r\n0 ;end\r\n\r\n", "\r\n\r\n\r\n\r\n\r\n|"},
           {"1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\nrest", "a|rest"},
           {"5\r\nhel", "hel..."},
           {"5\r\nhello\r\n0\r\n", "hello..."},
           {"fffffffffffffff\r\nab", "ab..."},
       }) {
    for (std::size_t at_once = 1; at_once <= bytes.size(); ++at_once)
      EXPECT_EQ(decode(bytes, at_once), body) << bytes << " by " << at_once;
  }
}

TEST(ChunkedDecoder, RefusesWhatOtherParsersMightReadDifferently) {
  const std::string about = "the body in chunks: ";
  const std::string size = about + "a size must be 1 to 15 hexadecimal digits";
  const std::string crlf = about + "lines must end with CRLF";
  for (const auto &[bytes, error] : {
           std::pair<std::string, std::string>{"\r\n", size},
           {"zzz\r\n", size},
           {"-1\r\n", size},
           {"+1\r\n", size},
           {" 1\r\n", size},
           {";x\r\n", size},
           {"ffffffffffffffff\r\n", size},
           {"0x1\r\n", about + "a size must be followed by ';' or the end of the line"},
           {"1 1\r\n", about + "a size must be followed by ';' or the end of the line"},
           {"1 \r\n", about + "a size must be followed by ';' or the end of the line"},
           {"1\na\r\n", crlf},
           {"1;x\na\r\n", crlf},
           {"1\r\na\n", crlf},
           {"1\r\nab\r\n", about + "a chunk is longer than its size"},
           {"0\r\nX: y\n", crlf},
           {"0\r\nnothing\r\n", about + "a trailer must be NAME: value"},
           {"0\r\n: x\r\n", about + "a trailer must be NAME: value"},
           {"1;\rx\r\n", about + "a line has a control character"},
           {std::string("1;\0\r\n", 5), about + "a line has a control character"},
       }) {
    for (std::size_t at_once = 1; at_once <= bytes.size(); ++at_once)
      EXPECT_EQ(decode(bytes, at_once), error) << bytes << " by " << at_once;
  }
}

TEST(ChunkedDecoder, HasMaxima) {
  const std::string about = "the body in chunks: ";
  EXPECT_EQ(decode("1;" + std::string(1020, 'x') + "\r\na", 7), "a...");
  EXPECT_EQ(decode("1;" + std::string(1021, 'x') + "\r\na", 7), about + "a line is longer than 1024 bytes");
  EXPECT_EQ(decode("1;" + std::string(1500, 'x'), 7), about + "a line is longer than 1024 bytes");
  std::string trailers = "0\r\n";
  for (int i = 0; i < 9; ++i) trailers += "X: " + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(decode(trailers, 100), about + "the trailers are larger than 8192 bytes");
}

}  // namespace
}  // namespace astral::http
