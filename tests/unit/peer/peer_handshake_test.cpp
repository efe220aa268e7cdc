// SPDX-License-Identifier: BSD-3-Clause
// Two ends prove their keys to each other. A proof is useless in another session or in the other direction.
#include "peer/peer_handshake.hpp"

#include <gtest/gtest.h>

namespace astral::peer {
namespace {

using Side = PeerHandshake::Side;

const Key &key() {
  static const Key made = Key::generate().value();
  return made;
}

struct Ends {
  Key theirs = Key::generate().value();
  PeerHandshake a{key(), Side::connecting};
  PeerHandshake b{theirs, Side::accepting};

  void challenge() {
    ASSERT_TRUE(a.hear(b.challenge()).value());
    ASSERT_TRUE(b.hear(a.challenge()).value());
  }
};

TEST(PeerHandshake, BothEndsLearnTheOthersKey) {
  Ends ends;
  ends.challenge();
  EXPECT_FALSE(ends.a.proven());
  EXPECT_TRUE(ends.b.hear(ends.a.proof()).value());
  EXPECT_TRUE(ends.a.hear(ends.b.proof()).value());
  EXPECT_TRUE(ends.a.proven() && ends.b.proven());
  EXPECT_EQ(ends.a.fingerprint(), ends.theirs.fingerprint());
  EXPECT_EQ(ends.b.fingerprint(), key().fingerprint());
}

TEST(PeerHandshake, OtherMessagesAreLeftToTheCaller) {
  PeerHandshake a(key(), Side::connecting);
  EXPECT_FALSE(a.hear(R"({"type":"heartbeat","tickets":[]})").value());
}

TEST(PeerHandshake, AReflectedProofIsRefused) {
  Ends ends;
  ends.challenge();
  EXPECT_EQ(ends.a.hear(ends.a.proof()).error().code, Code::refused);
  EXPECT_FALSE(ends.a.proven());
}

TEST(PeerHandshake, AProofOfAnotherSessionIsRefused) {
  Ends before, now;
  before.challenge();
  now.challenge();
  EXPECT_EQ(now.b.hear(before.a.proof()).error().code, Code::refused);
}

// The thief replays the owner's challenge but does not have the owner's private key.
TEST(PeerHandshake, AThiefCannotProveAKeyThatItOnlyRepeats) {
  Ends ends;
  ASSERT_TRUE(ends.b.hear(ends.a.challenge()).value());
  PeerHandshake thief(Key::generate().value(), Side::connecting);
  ASSERT_TRUE(thief.hear(ends.b.challenge()).value());
  EXPECT_EQ(ends.b.hear(thief.proof()).error().code, Code::refused);
}

// The two ends of one TLS session have the same binding.
TEST(PeerHandshake, IsBoundToItsTls) {
  PeerHandshake a(key(), Side::connecting, "aa"), b(key(), Side::accepting, "aa");
  ASSERT_TRUE(a.hear(b.challenge()).value());
  ASSERT_TRUE(b.hear(a.challenge()).value());
  EXPECT_TRUE(b.hear(a.proof()).value());
  EXPECT_TRUE(a.hear(b.proof()).value());
}

// Who ends the TLS of each side has two sessions, and passes on what it hears.
TEST(PeerHandshake, RefusesWhoeverSitsBetween) {
  PeerHandshake a(key(), Side::connecting, "aa"), b(key(), Side::accepting, "bb");
  ASSERT_TRUE(a.hear(b.challenge()).value());
  ASSERT_TRUE(b.hear(a.challenge()).value());
  EXPECT_EQ(b.hear(a.proof()).error().code, Code::refused);
  EXPECT_EQ(a.hear(b.proof()).error().code, Code::refused);
}

TEST(PeerHandshake, RefusesWhoeverTakesTheTlsOff) {
  PeerHandshake a(key(), Side::connecting, "aa"), b(key(), Side::accepting);
  EXPECT_EQ(b.hear(a.challenge()).error().code, Code::refused);
  std::string silent = a.challenge();
  silent.replace(silent.find(",\"bound\":true"), std::string(",\"bound\":true").size(), "");
  PeerHandshake c(key(), Side::accepting);
  ASSERT_TRUE(c.hear(silent).value());
  ASSERT_TRUE(a.hear(c.challenge()).value());
  EXPECT_EQ(c.hear(a.proof()).error().code, Code::refused);
  EXPECT_EQ(a.hear(c.proof()).error().code, Code::refused);
}

// It believes the certificate, and a proxy may take the TLS off.
TEST(PeerHandshake, IsNotBoundIfTheConnectingEndIsNot) {
  PeerHandshake a(key(), Side::connecting), b(key(), Side::accepting, "bb");
  ASSERT_TRUE(a.hear(b.challenge()).value());
  ASSERT_TRUE(b.hear(a.challenge()).value());
  EXPECT_TRUE(b.hear(a.proof()).value());
  EXPECT_TRUE(a.hear(b.proof()).value());
}

TEST(PeerHandshake, AMessageOutOfTurnIsRefused) {
  Ends ends;
  EXPECT_EQ(ends.a.hear(R"({"type":"proof","signature":")" + std::string(128, '0') + "\"}").error().detail,
            "proof out of turn");
  ends.challenge();
  EXPECT_EQ(ends.a.hear(ends.b.challenge()).error().detail, "challenge out of turn");
  ASSERT_TRUE(ends.b.hear(ends.a.proof()).value());
  EXPECT_EQ(ends.b.hear(ends.a.proof()).error().detail, "proof out of turn");
}

TEST(PeerHandshake, ATruncatedOrChangedMessageIsRefused) {
  Ends ends;
  const std::string challenge = ends.b.challenge();
  for (std::size_t size = 0; size < challenge.size(); ++size)
    EXPECT_FALSE(ends.a.hear(challenge.substr(0, size))) << size;
  ends.challenge();
  const std::string proof = ends.b.proof();
  const std::size_t first = proof.find("signature") + 12;
  for (std::size_t i = first; i < first + 2 * Key::signature_size; ++i) {
    std::string bent = proof;
    bent[i] = bent[i] == '0' ? '1' : '0';
    EXPECT_EQ(ends.a.hear(bent).error().code, Code::refused) << i;
  }
}

}  // namespace
}  // namespace astral::peer
