// SPDX-License-Identifier: BSD-3-Clause
// What is said to a TURN server, and what its answers mean. tests/netlab asks a real one.
#include "stun/turn_check.hpp"

#include <gtest/gtest.h>

#include "stun/attributes.hpp"

namespace astral::stun {
namespace {

constexpr std::uint16_t allocate = 0x0003, refresh = 0x0004, success = 0x0103, error = 0x0113;

std::string value_of(const std::vector<std::uint8_t> &message, std::uint16_t wanted) {
  std::string found;
  EXPECT_TRUE(read_attributes(message, [&](std::uint16_t type, Bytes value) {
    if (type == wanted) found.assign(value.begin(), value.end());
  }));
  return found;
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

struct Asked : testing::Test {
  Asked() { check.start(1s, out); }
  TransactionId id_of_last() const {
    TransactionId id{};
    std::ranges::copy(Bytes(out.back()).subspan(4, id.size()), id.begin());
    return id;
  }
  void answer(std::uint16_t type, int code = 0, const char *nonce = nullptr) {
    std::vector<std::uint8_t> message = begin(type, id_of_last());
    const auto digit = static_cast<std::uint8_t>(code / 100), rest = static_cast<std::uint8_t>(code % 100);
    if (code) add(message, 0x0009, Bytes(std::array<std::uint8_t, 4>{0, 0, digit, rest}));
    if (nonce) add(message, 0x0014, bytes_of("example.org"));
    if (nonce) add(message, 0x0015, bytes_of(nonce));
    check.handle(message, 2s, out);
  }
  TurnCheck check{"user", "pass", {id_with_cookie({1}), id_with_cookie({2}), id_with_cookie({3})}};
  TurnCheck::Messages out;
};

TEST_F(Asked, FirstWithoutCredentialsThenWithThemAndTheAddressIsGivenBack) {
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(number(out[0]), allocate);
  EXPECT_EQ(value_of(out[0], 0x0006), "");
  answer(error, 401, "n1");
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(number(out[1]), allocate);
  EXPECT_EQ(value_of(out[1], 0x0006), "user");
  EXPECT_EQ(value_of(out[1], 0x0014), "example.org");
  EXPECT_EQ(value_of(out[1], 0x0015), "n1");
  EXPECT_EQ(value_of(out[1], 0x0008).size(), 20u);
  EXPECT_TRUE(looks_like_stun(out[1]));
  answer(success);
  EXPECT_EQ(check.answer(), TurnAnswer::allocated);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(number(out[2]), refresh);
  EXPECT_EQ(value_of(out[2], 0x000d), std::string(4, '\0'));
}

TEST_F(Asked, ThePasswordIsInNoMessage) {
  answer(error, 401, "n1");
  answer(success);
  for (const auto &message : out)
    EXPECT_EQ(std::string(message.begin(), message.end()).find("pass"), std::string::npos);
}

TEST_F(Asked, ASecondDemandMeansThatTheCredentialsAreWrong) {
  answer(error, 401, "n1");
  answer(error, 401, "n2");
  EXPECT_EQ(check.answer(), TurnAnswer::wrong_credentials);
  EXPECT_EQ(check.error_code(), 401);
  EXPECT_EQ(out.size(), 2u);
}

TEST_F(Asked, AStaleNonceIsReplacedOnce) {
  answer(error, 401, "n1");
  answer(error, 438, "n2");
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(value_of(out[2], 0x0015), "n2");
  answer(error, 438, "n3");
  EXPECT_EQ(check.answer(), TurnAnswer::refused);
}

TEST_F(Asked, AnyOtherErrorIsARefusal) {
  answer(error, 401, "n1");
  answer(error, 486);
  EXPECT_EQ(check.answer(), TurnAnswer::refused);
  EXPECT_EQ(check.error_code(), 486);
}

TEST_F(Asked, ADemandWithoutANonceIsNotAnsweredForEver) {
  answer(error, 401);
  EXPECT_EQ(check.answer(), TurnAnswer::wrong_credentials);
}

TEST_F(Asked, OnlyAnAnswerToTheLastRequestCounts) {
  check.handle(begin(success, id_with_cookie({9})), 2s, out);
  std::vector<std::uint8_t> cut = begin(success, id_of_last());
  cut.resize(cut.size() + 4, 1);
  set_length(cut, 4);
  check.handle(cut, 2s, out);
  check.handle({}, 2s, out);
  EXPECT_FALSE(check.done());
}

TEST_F(Asked, SilenceEndsAfterItsRequests) {
  Time now = 1s;
  while (!check.done()) {
    ASSERT_LT(check.deadline(), never);
    now = check.deadline();
    check.tick(now, out);
  }
  EXPECT_EQ(check.answer(), TurnAnswer::silent);
  EXPECT_EQ(now, 8500ms);
  EXPECT_EQ(out.size(), 4u);
  EXPECT_EQ(check.deadline(), never);
}

}  // namespace
}  // namespace astral::stun
