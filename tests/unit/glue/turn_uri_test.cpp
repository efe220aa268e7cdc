// SPDX-License-Identifier: BSD-3-Clause
// What is a TURN server's URI, and what is not.
#include "glue/turn_uri.hpp"

#include <gtest/gtest.h>

namespace astral {
namespace {

TEST(TurnUri, HasUserPasswordHostPortAndTransport) {
  const TurnServer plain{.host = "turn.example", .user = "me", .password = "pass"};
  EXPECT_EQ(parse_turn_uri("turn://me:pass@turn.example"), plain);
  EXPECT_EQ(parse_turn_uri("turn://me:pass@turn.example:3478?transport=udp"), plain);
  EXPECT_EQ(
      parse_turn_uri("turn://me:pass@192.0.2.1:53?transport=tcp"),
      (TurnServer{.host = "192.0.2.1", .port = 53, .user = "me", .password = "pass", .over_tcp = true}));
  EXPECT_EQ(parse_turn_uri("turn://me:pass@[2001:db8::1]:5349"),
            (TurnServer{.host = "2001:db8::1", .port = 5349, .user = "me", .password = "pass"}));
}

// Credentials that expire have the time and a colon in the user, and base64 in the password.
TEST(TurnUri, DecodesTheUserAndThePassword) {
  const TurnServer server{.host = "t", .user = "1700000000:me", .password = "a/b+c=@:?#;%"};
  const std::string uri = "turn://1700000000%3Ame:a%2Fb%2Bc%3D%40%3A%3F%23%3B%25@t:3478";
  EXPECT_EQ(parse_turn_uri(uri), server);
  EXPECT_EQ(to_uri(server), uri);
}

TEST(TurnUri, IsReadAgainAsItWasWritten) {
  for (const TurnServer &server :
       {TurnServer{.host = "2001:db8::1", .port = 1, .user = "a", .password = "b", .over_tcp = true},
        TurnServer{.host = "192.0.2.1", .port = 65535, .user = "ü %", .password = "\x01\x7f"}})
    EXPECT_EQ(parse_turn_uri(to_uri(server)), server) << to_uri(server);
}

class BadTurnUri : public testing::TestWithParam<std::string> {};

TEST_P(BadTurnUri, IsRefusedAndNotShown) {
  const auto refused = parse_turn_uri(GetParam());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos) << refused.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTurnUri,
    testing::Values("", "turn", "turn:", "turn://", "turn:me:secret@host", "turn://host", "turn://me@host",
                    "turn://me:@host", "turn://:secret@host", "turn://me:secret@", "turn://me:secret@:3478",
                    "turn://me:secret@host:0", "turn://me:secret@host:65536", "turn://me:secret@host:x",
                    "turn://me:secret@host/", "turn://me:secret@host/path", "turn://me:secret@host#x",
                    "turn://me:secret@host?transport=tls", "turn://me:secret@host?transport=tcp&x=y",
                    "turn://me:secret@host?", "turn://me:secret@ho st", "turn://me:secret@ho%0Ast",
                    "turn://me:secret@[::1", "turn://me:secret%00@host", "turn://me:secret%@host",
                    "turn://me:secret%ff@host", "turns://me:secret@host", "stun://me:secret@host",
                    "http://me:secret@host", "turn://me:sec@ret@ho@st",
                    "turn://" + std::string(257, 'u') + ":secret@host",
                    "turn://me:secret" + std::string(257, 'p') + "@host",
                    "turn://me:secret@" + std::string(254, 'h'),
                    "turn://me:secret@host?" + std::string(2000, 'q'),
                    std::string("turn://me:secret@h\0st", 21)));

TEST(TurnUri, SaysThatTlsIsNotSupported) {
  EXPECT_EQ(parse_turn_uri("turns://me:pass@host").error().code, Code::unsupported);
}

}  // namespace
}  // namespace astral
