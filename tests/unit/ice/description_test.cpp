// SPDX-License-Identifier: BSD-3-Clause
// Which descriptions and candidates of a peer are accepted.
#include "ice/description.hpp"

#include <gtest/gtest.h>

namespace astral::ice {
namespace {

const std::string good = "candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ host";

Description description() {
  return {"abcd", "abcdefghijklmnopqrstuv", {good}};
}

TEST(Candidate, AcceptsWhatPeersSend) {
  for (const char *line : {
           "candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:1 1 udp 1 2001:db8::1 65535 typ host",
           "candidate:a+/9 1 UDP 1677722111 198.51.100.3 1 typ srflx raddr 192.168.0.2 rport 40000",
           "candidate:842163049 1 udp 1677729535 198.51.100.3 60065 typ srflx raddr 0.0.0.0 rport 0 "
           "generation 0 "
           "ufrag sXPs network-cost 999",
           "candidate:1 1 UDP 100 127.0.0.1 5 typ prflx",
           "candidate:1 1 UDP 100 203.0.113.5 5 typ relay raddr 192.0.2.1 rport 7",
       }) {
    const auto result = check_candidate(line);
    EXPECT_TRUE(result) << line << ": " << result.error().detail;
  }
}

TEST(Candidate, RefusesEverythingElse) {
  for (const char *line : {
           "",
           "candidate:",
           "a=candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:1 1 UDP 2015363327 192.0.2.7 40000 typ",
           "candidate:1 1 UDP 2015363327 192.0.2.7 40000",
           "candidate:1 1 UDP 2015363327  192.0.2.7 40000 typ host",
           "candidate: 1 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:1_ 1 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:123456789012345678901234567890123 1 UDP 1 192.0.2.7 40000 typ host",
           "candidate:1 2 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:1 01 UDP 2015363327 192.0.2.7 40000 typ host",
           "candidate:1 1 TCP 2015363327 192.0.2.7 9 typ host tcptype active",
           "candidate:1 1 TCP 2015363327 192.0.2.7 9 typ host",
           "candidate:1 1 UDP 0 192.0.2.7 40000 typ host",
           "candidate:1 1 UDP -1 192.0.2.7 40000 typ host",
           "candidate:1 1 UDP 2147483648 192.0.2.7 40000 typ host",
           "candidate:1 1 UDP 99999999999999999999 192.0.2.7 40000 typ host",
           "candidate:1 1 UDP 1 example.org 40000 typ host",
           "candidate:1 1 UDP 1 0b4ce2f6-1ce0-4a2b-9a11-2a1e5f5b1c22.local 40000 typ host",
           "candidate:1 1 UDP 1 224.0.0.1 40000 typ host",
           "candidate:1 1 UDP 1 255.255.255.255 40000 typ host",
           "candidate:1 1 UDP 1 0.0.0.0 40000 typ host",
           "candidate:1 1 UDP 1 :: 40000 typ host",
           "candidate:1 1 UDP 1 ff02::1 40000 typ host",
           "candidate:1 1 UDP 1 fe80::1%eth0 40000 typ host",
           "candidate:1 1 UDP 1 192.0.2.7 0 typ host",
           "candidate:1 1 UDP 1 192.0.2.7 65536 typ host",
           "candidate:1 1 UDP 1 192.0.2.7 4e4 typ host",
           "candidate:1 1 UDP 1 192.0.2.7 40000 type host",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ other",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ host typ relay",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ srflx raddr home rport 1",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ srflx raddr 10.0.0.1 rport 65536",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ host name",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ host\r\n",
           "candidate:1 1 UDP 1 192.0.2.7 40000 typ host n\xc3\xa4me 1",
       }) {
    EXPECT_FALSE(check_candidate(line)) << line;
  }
  EXPECT_EQ(check_candidate(good + " x " + std::string(300, 'y')).error().code, Code::too_large);
  std::string zero = good;
  zero[12] = '\0';
  EXPECT_FALSE(check_candidate(zero));
}

TEST(Candidate, EveryPrefixIsParsedSafely) {
  const std::string line = good + " raddr 192.0.2.7 rport 5 generation 0";
  for (std::size_t size = 0; size < line.size(); ++size)
    static_cast<void>(check_candidate(line.substr(0, size)));
}

TEST(Description, IsCheckedAsAWhole) {
  EXPECT_TRUE(check(description()));
  auto other = description();
  other.ufrag = "abc";
  EXPECT_EQ(check(other).error().code, Code::invalid);
  other.ufrag = std::string(257, 'a');
  EXPECT_EQ(check(other).error().code, Code::invalid);
  other.ufrag = "ab:d";
  EXPECT_EQ(check(other).error().code, Code::invalid);
  other = description();
  other.pwd = std::string(21, 'a');
  EXPECT_EQ(check(other).error().code, Code::invalid);
  other = description();
  other.candidates.push_back("candidate:no");
  EXPECT_EQ(check(other).error().code, Code::invalid);
  other = description();
  other.candidates.assign(max_candidates, good);
  EXPECT_TRUE(check(other));
  other.candidates.push_back(good);
  EXPECT_EQ(check(other).error().code, Code::too_large);
  other.candidates.clear();  // all candidates may come later
  EXPECT_TRUE(check(other));
}

}  // namespace
}  // namespace astral::ice
