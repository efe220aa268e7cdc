// SPDX-License-Identifier: BSD-3-Clause
// Two ends prove their keys to each other; nothing of one session fits another, nor the way back.
#include "api/introduction.hpp"

#include <gtest/gtest.h>

#include "app_fixture.hpp"

namespace astral::api {
namespace {

using Side = Introduction::Side;

const Key &key() {
  static const Key made = Key::generate().value();
  return made;
}

struct Ends {
  Key theirs = Key::generate().value();
  Introduction a{key(), Side::connecting};
  Introduction b{theirs, Side::accepting};

  void challenge() {
    ASSERT_TRUE(a.hear(b.challenge()).value());
    ASSERT_TRUE(b.hear(a.challenge()).value());
  }
};

TEST(Introduction, BothKnowWhoseKeyIsThere) {
  Ends ends;
  ends.challenge();
  EXPECT_FALSE(ends.a.proven());
  EXPECT_TRUE(ends.b.hear(ends.a.proof()).value());
  EXPECT_TRUE(ends.a.hear(ends.b.proof()).value());
  EXPECT_TRUE(ends.a.proven() && ends.b.proven());
  EXPECT_EQ(ends.a.fingerprint(), ends.theirs.fingerprint());
  EXPECT_EQ(ends.b.fingerprint(), key().fingerprint());
}

TEST(Introduction, OtherWordsAreNotOfIt) {
  Introduction a(key(), Side::connecting);
  EXPECT_FALSE(a.hear(R"({"type":"heartbeat","tickets":[]})").value());
}

TEST(Introduction, AProofThatComesBackProvesNothing) {
  Ends ends;
  ends.challenge();
  EXPECT_EQ(ends.a.hear(ends.a.proof()).error().code, Code::refused);
  EXPECT_FALSE(ends.a.proven());
}

TEST(Introduction, AProofOfAnotherSessionProvesNothing) {
  Ends before, now;
  before.challenge();
  now.challenge();
  EXPECT_EQ(now.b.hear(before.a.proof()).error().code, Code::refused);
}

// Who knows a key, but does not have it, may repeat what its owner said elsewhere.
TEST(Introduction, TheKeyOfAnotherIsNotEnough) {
  Ends ends;
  ASSERT_TRUE(ends.b.hear(ends.a.challenge()).value());
  Introduction thief(Key::generate().value(), Side::connecting);
  ASSERT_TRUE(thief.hear(ends.b.challenge()).value());
  EXPECT_EQ(ends.b.hear(thief.proof()).error().code, Code::refused);
}

TEST(Introduction, EverythingInItsTurn) {
  Ends ends;
  EXPECT_EQ(ends.a.hear(R"({"type":"proof","signature":")" + std::string(128, '0') + "\"}").error().detail,
            "proof out of turn");
  ends.challenge();
  EXPECT_EQ(ends.a.hear(ends.b.challenge()).error().detail, "challenge out of turn");
  ASSERT_TRUE(ends.b.hear(ends.a.proof()).value());
  EXPECT_EQ(ends.b.hear(ends.a.proof()).error().detail, "proof out of turn");
}

TEST(Introduction, WhatIsCutOrBentIsRefused) {
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
}  // namespace astral::api

namespace astral::test {
namespace {

constexpr const char *node_hello = R"({"type":"hello","uuid":"other","port":1})";

class Proving : public AppTest {};

TEST_F(Proving, ANodeProvesItsKeyFirst) {
  SocketClient peer(port(), "/peer");
  ASSERT_TRUE(peer.wait_open());
  peer.send(node_hello);
  ASSERT_TRUE(peer.wait_closed());
  EXPECT_EQ(peer.closed->text, "expected a proof of its key");
}

TEST_F(Proving, NobodyTakesTheUuidOfALivingNode) {
  const Key key = Key::generate().value();
  SocketClient owner(port(), "/peer");
  ASSERT_TRUE(owner.wait_open() && owner.prove(key));
  owner.send(node_hello);
  ASSERT_NE(owner.take("welcome"), "");

  SocketClient thief(port(), "/peer");
  ASSERT_TRUE(thief.wait_open() && thief.prove());
  thief.send(node_hello);
  ASSERT_TRUE(thief.wait_closed());
  EXPECT_EQ(thief.closed->text, "another node has that uuid");

  SocketClient again(port(), "/peer");
  ASSERT_TRUE(again.wait_open() && again.prove(key));
  again.send(node_hello);
  EXPECT_NE(again.take("welcome"), "");
  EXPECT_FALSE(owner.closed);
}

// The stream's own node has gone; another takes its uuid, but has not its key.
TEST_F(Proving, NobodyEndsTheStreamOfAnother) {
  const Key key = Key::generate().value();
  const std::string streams =
      R"({"type":"streams","streams":[{"slug":"talk","name":"Talk","source":"other","updated":5,"fingerprint":")" +
      key.fingerprint() + "\"}]}";
  const auto come = [&](SocketClient &peer, const Key &with) {
    ASSERT_TRUE(peer.wait_open() && peer.prove(with));
    peer.send(node_hello);
    ASSERT_NE(peer.take("welcome"), "");
  };
  SocketClient owner(port(), "/peer");
  come(owner, key);
  owner.send(streams);
  ASSERT_TRUE(pump_until([&] { return http->get("/stream/talk").status == 200; }));
  owner.close();
  ASSERT_TRUE(owner.wait_closed());

  SocketClient thief(port(), "/peer");
  come(thief, Key::generate().value());
  thief.send(R"({"type":"gone","slug":"talk","updated":0})");
  thief.send(R"({"type":"request","ticket":"t1","slug":"nope","destination":"other"})");
  ASSERT_NE(thief.take("refusal"), "");  // so the one before was heard
  EXPECT_EQ(http->get("/stream/talk").status, 200u);

  SocketClient back(port(), "/peer");
  thief.close();
  ASSERT_TRUE(thief.wait_closed());
  come(back, key);
  back.send(R"({"type":"gone","slug":"talk","updated":0})");
  EXPECT_TRUE(pump_until([&] { return http->get("/stream/talk").status == 404; }));
}

}  // namespace
}  // namespace astral::test
