// SPDX-License-Identifier: BSD-3-Clause
// Whoever guesses tokens is slowed down, and nobody else.
#include "http/guesses.hpp"

#include <gtest/gtest.h>

#include "http/access.hpp"

namespace astral::http {
namespace {

constexpr WallTime start{std::chrono::seconds(1'700'000'000)};
constexpr const char *secret = "0123456789abcdef";

int guesses_in(Guesses &guesses, const std::string &address, std::chrono::seconds time) {
  int made = 0;
  for (std::chrono::seconds after{0}; after < time; ++after)
    for (int i = 0; i < 100; ++i)
      if (guesses.may_guess(address, start + after)) {
        guesses.was_wrong(address, start + after);
        ++made;
      }
  return made;
}

TEST(Guesses, SomeAtOnceThenOneInAWhile) {
  Guesses guesses;
  EXPECT_EQ(guesses_in(guesses, "192.0.2.1", std::chrono::seconds(1)), Guesses::at_once);
  EXPECT_FALSE(guesses.may_guess("192.0.2.1", start));
  EXPECT_TRUE(guesses.may_guess("192.0.2.2", start));
  EXPECT_TRUE(guesses.may_guess("192.0.2.1", start + Guesses::pause));
  Guesses others;
  EXPECT_EQ(guesses_in(others, "192.0.2.1", std::chrono::seconds(601)), Guesses::at_once + 100);
}

TEST(Guesses, AHomeOfIPv6IsOneClient) {
  Guesses guesses;
  for (int i = 0; i < Guesses::at_once; ++i) guesses.was_wrong("2001:db8::" + std::to_string(i + 1), start);
  EXPECT_FALSE(guesses.may_guess("2001:db8::ffff", start));
  EXPECT_TRUE(guesses.may_guess("2001:db8:0:1::1", start));
}

TEST(Guesses, AreBounded) {
  Guesses guesses;
  for (int i = 0; i < Guesses::at_once; ++i) guesses.was_wrong("192.0.2.1", start);
  for (std::size_t i = 0; i < Guesses::max_clients; ++i)
    guesses.was_wrong("10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
                          std::to_string(i % 256),
                      start);
  EXPECT_FALSE(guesses.may_guess("192.0.2.1", start));  // others were wrong once
}

TEST(Guesses, AClockThatIsSetBackShutsNobodyOut) {
  Guesses guesses;
  for (int i = 0; i < Guesses::at_once; ++i) guesses.was_wrong("192.0.2.1", start);
  EXPECT_TRUE(guesses.may_guess("192.0.2.1", start - std::chrono::hours(1)));
}

Call shows(const std::string &token, const std::string &address = "192.0.2.1") {
  Call call;
  call.caller = address;
  call.token = token;
  return call;
}

TEST(Guesses, TheRightTokenIsNotLookedAtAmongManyWrongOnes) {
  Guesses guesses;
  const Access access({.token = secret, .guesses = &guesses});
  const auto is_owner = [&](Call call, WallTime now = start) {
    access.recognize(call, now);
    EXPECT_EQ(call.guesses_too_often, call.token.empty());
    return call.is_owner;
  };
  EXPECT_TRUE(is_owner(shows(secret)));
  for (int i = 0; i < Guesses::at_once; ++i) EXPECT_FALSE(is_owner(shows("wrong")));
  EXPECT_FALSE(is_owner(shows(secret)));
  EXPECT_TRUE(is_owner(shows(secret, "192.0.2.9")));
  EXPECT_TRUE(is_owner(shows(secret), start + Guesses::pause));
  Call here = shows("wrong");
  here.is_loopback = true;
  for (int i = 0; i < 2 * Guesses::at_once; ++i) access.recognize(here, start);
  EXPECT_TRUE(here.is_owner);
}

TEST(Guesses, ARtmpKeyIsAToken) {
  Guesses guesses;
  const Access access({.token = secret, .guesses = &guesses});
  const RemoteAddress caller{.address = "192.0.2.1"};
  const std::string right = std::string("token=") + secret;
  EXPECT_TRUE(access.may_publish(caller, right, start));
  for (int i = 0; i < Guesses::at_once; ++i) EXPECT_FALSE(access.may_publish(caller, "token=wrong", start));
  const auto late = access.may_publish(caller, right, start);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().detail.find("too many wrong tokens"), std::string::npos);
}

}  // namespace
}  // namespace astral::http
