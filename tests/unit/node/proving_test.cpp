// SPDX-License-Identifier: BSD-3-Clause
// A node that connects to another proves its key first.
#include <gtest/gtest.h>

#include "app_fixture.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/statement.hpp"

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

TEST_F(Proving, NobodyTakesTheUuidOfAnother) {
  const std::string hello = R"({"type":"hello","uuid":")" + uuid_named("owner") + R"(","port":1})";
  SocketClient thief(port(), "/peer");
  ASSERT_TRUE(thief.wait_open() && thief.prove(key_of("thief")));
  thief.send(hello);
  ASSERT_TRUE(thief.wait_closed());
  EXPECT_EQ(thief.closed->text, "its uuid is not that of its key");

  SocketClient owner(port(), "/peer"), again(port(), "/peer");
  ASSERT_TRUE(owner.wait_open() && owner.join("owner"));
  ASSERT_TRUE(again.wait_open() && again.join("owner"));
  EXPECT_FALSE(owner.closed);
}

TEST_F(Proving, AnElementTakesNoUuidOfAKey) {
  SocketClient sink(port(), "/peer");
  ASSERT_TRUE(sink.wait_open());
  sink.send(R"({"type":"hello","kind":"element","port":0,"uuid":")" + uuid_named("owner") + "\"}");
  ASSERT_TRUE(sink.wait_closed());
  EXPECT_EQ(sink.closed->text, "its uuid is not that of its key");
}

// What a stranger says of a living stream changes nothing; a forged word ends its connection. What the key
// has signed is believed from anybody.
TEST_F(Proving, NobodyEndsTheStreamOfAnother) {
  const Key key = Key::generate().value();
  core::StreamInfo stream{.slug = "talk",
                          .name = "Talk",
                          .source = uuid_named("other"),
                          .streaming = true,
                          .updated = 5,
                          .expires = 4'000'000'000'000};
  protocol::sign(stream, key);
  const auto come = [](SocketClient &peer, const std::string &name) {
    ASSERT_TRUE(peer.wait_open() && peer.join(name));
  };
  const auto say = [](SocketClient &peer, const core::Message &message) {
    peer.send(protocol::write_message(message));
  };
  const auto now_known = [&] { return app->driver().node().find_stream("talk"); };
  SocketClient owner(port(), "/peer");
  come(owner, "other");
  say(owner, core::Streams{.streams = {stream}});
  ASSERT_TRUE(pump_until([&] { return now_known().has_value(); }));

  SocketClient thief(port(), "/peer");
  come(thief, "thief");
  core::StreamInfo ended = stream;
  ended.updated = 6;
  ended.ended = ended.deleted = true;
  core::StreamInfo other_key = ended;
  protocol::sign(other_key, Key::generate().value());
  core::StreamInfo unsigned_word = ended;
  protocol::strip(unsigned_word);
  say(thief, core::Gone{.slug = "talk", .updated = 5});
  say(thief, core::Gone{.slug = "talk", .updated = 6, .stream = {other_key}});
  say(thief, core::Gone{.slug = "talk", .updated = 6, .stream = {unsigned_word}});
  say(thief, core::Gone{.slug = "talk", .updated = 6, .stream = {stream}});
  other_key.deleted = unsigned_word.deleted = false;
  protocol::sign(other_key, Key::generate().value());
  say(thief, core::Streams{.streams = {other_key, unsigned_word}});
  thief.send(R"({"type":"request","ticket":"t1","slug":"nope","destination":"thief"})");
  ASSERT_NE(thief.take("refusal"), "");  // so all before was heard
  EXPECT_EQ(now_known(), stream);
  say(thief, core::Streams{.streams = {ended}});  // with the signature of the word before
  ASSERT_TRUE(thief.wait_closed());
  EXPECT_EQ(now_known(), stream);

  owner.close();
  ASSERT_TRUE(owner.wait_closed());
  SocketClient messenger(port(), "/peer");
  come(messenger, "messenger");
  protocol::sign(ended, key);
  say(messenger, core::Gone{.slug = "talk", .updated = 6, .stream = {ended}});
  EXPECT_TRUE(pump_until([&] { return !now_known(); }));
}

TEST_F(Proving, WhatIsTooOldOrFromTheFutureIsNotHeard) {
  const Key key = Key::generate().value();
  SocketClient peer(port(), "/peer");
  ASSERT_TRUE(peer.wait_open() && peer.join("other"));
  core::StreamInfo expired{
      .slug = "old", .name = "Old", .source = uuid_named("other"), .updated = 5, .expires = 6};
  core::StreamInfo early{.slug = "early",
                         .name = "Early",
                         .source = uuid_named("other"),
                         .updated = 3'900'000'000'000,
                         .expires = 4'000'000'000'000};
  core::StreamInfo good{.slug = "good",
                        .name = "Good",
                        .source = uuid_named("other"),
                        .updated = 5,
                        .expires = 4'000'000'000'000};
  for (core::StreamInfo *stream : {&expired, &early, &good}) protocol::sign(*stream, key);
  peer.send(protocol::write_message(core::Streams{.streams = {expired, early, good}}));
  ASSERT_TRUE(pump_until([&] { return app->driver().node().find_stream("good").has_value(); }));
  EXPECT_FALSE(app->driver().node().find_stream("old"));
  EXPECT_FALSE(app->driver().node().find_stream("early"));
  EXPECT_FALSE(peer.closed);
}

}  // namespace
}  // namespace astral::test
