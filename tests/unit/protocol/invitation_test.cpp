// SPDX-License-Identifier: BSD-3-Clause
// An invitation is good for one stream and one guest, until it expires, and nobody but the stream's key can
// make one.
#include "protocol/invitation.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "glue/random.hpp"

namespace astral::protocol {
namespace {

constexpr std::uint64_t now_ms = 1'800'000'000'000, expires = now_ms / 1000 + 60;

class Invited : public testing::Test {
 protected:
  std::string key_text(const Key &of) const { return to_hex(of.public_key_raw()); }
  const Key key = *Key::generate();
  const Secret stream_secret = Secret::random();
  const std::array<std::uint8_t, 8> id = random_bytes<8>();
  const Invitation invitation = invite(key, "talk", id, expires, guest_secret(stream_secret, id));
};

TEST_F(Invited, TravelsAsText) {
  const std::string text = text_of(invitation);
  EXPECT_LT(text.size(), 220u);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  const auto read = read_invitation(text);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, invitation);
  const Invitation longest = invite(key, std::string(48, 's'), id, UINT64_MAX, stream_secret);
  ASSERT_LE(text_of(longest).size(), max_invitation);
  EXPECT_EQ(*read_invitation(text_of(longest)), longest);
}

// Each character carries six bits of a field that is signed, or of the secret that the signed key comes from.
TEST_F(Invited, CannotBeChanged) {
  const std::string text = text_of(invitation);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(read_invitation(other)) << i;
  }
  EXPECT_FALSE(read_invitation(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(read_invitation(text + "A"));
  EXPECT_FALSE(read_invitation(text + "="));
  EXPECT_FALSE(read_invitation(""));
  EXPECT_FALSE(read_invitation("not an invitation"));
  EXPECT_EQ(read_invitation(std::string(max_invitation + 1, 'A')).error().code, Code::too_large);
}

TEST_F(Invited, EachGuestHasAnotherSecret) {
  EXPECT_EQ(guest_secret(stream_secret, id), invitation.secret);
  EXPECT_NE(guest_secret(stream_secret, random_bytes<8>()), invitation.secret);
  EXPECT_NE(guest_secret(Secret::random(), id), invitation.secret);
}

TEST_F(Invited, ShowsAPass) {
  const Pass pass = pass_of(invitation, now_ms);
  const auto good = check(pass, "talk", key_text(key), now_ms);
  EXPECT_TRUE(good) << good.error().detail;
  for (const std::string &text : {pass.key, pass.signature, pass.proof})
    EXPECT_EQ(text.find(to_hex(invitation.secret.bytes())), std::string::npos);
}

TEST_F(Invited, IsGoodForItsStreamOnly) {
  const Pass pass = pass_of(invitation, now_ms);
  EXPECT_EQ(check(pass, "walk", key_text(key), now_ms).error().code, Code::invalid);
  EXPECT_EQ(check(pass, "talk", key_text(*Key::generate()), now_ms).error().code, Code::invalid);
  EXPECT_EQ(check(pass, "talk", "", now_ms).error().code, Code::invalid);
  EXPECT_EQ(check(Pass{}, "talk", key_text(key), now_ms).error().code, Code::invalid);
}

TEST_F(Invited, Expires) {
  EXPECT_TRUE(check(pass_of(invitation, (expires - 1) * 1000), "talk", key_text(key), (expires - 1) * 1000));
  const auto late = check(pass_of(invitation, expires * 1000), "talk", key_text(key), expires * 1000);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::refused);
}

TEST_F(Invited, IsShownForAnHour) {
  const Invitation lasting = invite(key, "talk", id, UINT64_MAX / 2000, stream_secret);
  const Pass pass = pass_of(lasting, now_ms);
  const auto at = [&](std::uint64_t time) { return check(pass, "talk", key_text(key), time); };
  EXPECT_TRUE(at(now_ms + pass_time_ms));
  EXPECT_TRUE(at(now_ms - pass_ahead_ms));
  EXPECT_EQ(at(now_ms + pass_time_ms + 1).error().code, Code::refused);
  EXPECT_EQ(at(now_ms - pass_ahead_ms - 1).error().code, Code::refused);
}

TEST_F(Invited, HasNoPassThatWasChanged) {
  const std::vector<std::function<void(Pass &)>> changes = {
      [](Pass &pass) { pass.id[0] = pass.id[0] == '0' ? '1' : '0'; },
      [](Pass &pass) { ++pass.expires; },
      [](Pass &pass) { ++pass.shown; },
      [](Pass &pass) { pass.key = to_hex(Key::generate()->public_key_raw()); },
      [](Pass &pass) { pass.signature.swap(pass.proof); },
      [](Pass &pass) { pass.proof = std::string(128, '0'); },
      [](Pass &pass) { pass.proof.pop_back(); },
      [](Pass &pass) { pass.id.clear(); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Pass pass = pass_of(invitation, now_ms);
    changes[i](pass);
    EXPECT_FALSE(check(pass, "talk", key_text(key), now_ms)) << i;
  }
}

}  // namespace
}  // namespace astral::protocol
