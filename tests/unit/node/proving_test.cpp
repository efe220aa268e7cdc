// SPDX-License-Identifier: BSD-3-Clause
// A node that connects to another proves its key first.
#include <gtest/gtest.h>

#include "app_fixture.hpp"

namespace astral::test {
namespace {

constexpr const char *node_hello = R"({"type":"hello","uuid":"other","port":1})";

class Proving : public AppTest {};

TEST_F(Proving, ANodeThatSendsHelloBeforeItsProofIsDisconnected) {
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

// The source of the stream has gone. Another node takes its uuid, but has another key.
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
