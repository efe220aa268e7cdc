// SPDX-License-Identifier: BSD-3-Clause
// A live stream over HTTP and RTMP: it starts with the newest group, a slow player holds up no other, and an
// error says why a stream cannot be played.
#include <filesystem>

#include "../formats/rtmp/client.hpp"
#include "app_fixture.hpp"
#include "formats/rtmp/chunks.hpp"

namespace astral::test {
namespace {

using formats::Format;

class Live : public AppTest {
 protected:
  void SetUp() override { begin({}); }
  void begin(gateways::MediaConnection::Limits limits) {
    sink.reset();
    start({.driver = {}, .rtmp_port = free_port(), .needs_rtmp = true, .hls_patience = 300ms, .flow = limits});
    sink = publish();
  }
  std::unique_ptr<RawClient> get(const std::string &path) {
    auto client = std::make_unique<RawClient>(port());
    EXPECT_TRUE(client->send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    return client;
  }
  void push(Format format, const std::string &text, bool is_start = false) {
    media.players[format].push(Slice::copy(as_bytes(text)), is_start);
  }
  bool plays(Format format, std::size_t count) {
    return pump_until([&] { return media.players[format].players() == count; });
  }

  std::unique_ptr<SocketClient> sink;
};

TEST_F(Live, PlaysOverHttp) {
  for (const auto &[name, type, format] :
       {std::tuple{"flv", "video/x-flv", Format::flv}, {"ts", "video/mp2t", Format::ts}}) {
    media.players[format].set_header(Slice::copy(as_bytes("HEADER,")));
    push(format, "key,", true);
    auto player = get(std::string("/stream/talk/live.") + name);
    ASSERT_TRUE(plays(format, 1));
    push(format, "more");
    const std::string got = player->receive_until("more");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
    EXPECT_NE(got.find(std::string("Content-Type: ") + type), std::string::npos);
    EXPECT_NE(got.find("Access-Control-Allow-Origin: *"), std::string::npos);
    EXPECT_EQ(got.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(got.ends_with("\r\n\r\nHEADER,key,more")) << got;
    player.reset();
    EXPECT_TRUE(plays(format, 0));
    EXPECT_TRUE(pump_until([&] { return app->server().connections() == 1; }));  // the sink
  }
}

TEST_F(Live, LeavesNoDescriptorBehind) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(std::filesystem::begin(files), std::filesystem::end(files));
  };
  push(Format::ts, "key", true);
  get("/stream/talk/live.ts")->receive_until("key");
  ASSERT_TRUE(plays(Format::ts, 0));
  const auto before = open_files();
  for (int i = 0; i < 20; ++i) get("/stream/talk/live.ts")->receive_until("key");
  ASSERT_TRUE(plays(Format::ts, 0));
  EXPECT_TRUE(pump_until([&] { return open_files() <= before; }, 5s));
}

TEST_F(Live, EndsWithTheStream) {
  push(Format::ts, "key", true);
  auto player = get("/stream/talk/live.ts");
  player->receive_until("key");
  media.players[Format::ts].end({Code::not_found, "the stream has ended"});
  player->receive_until("");
  EXPECT_TRUE(player->ended());
}

TEST_F(Live, AnErrorSaysThatNoKeyFrameComes) {
  media.known["talk"].video = formats::VideoFacts();
  media.known["talk"].video->keyframe_seconds = 95;
  const HttpAnswer silent = http->get("/stream/talk/live.flv");
  EXPECT_EQ(silent.status, 503u);
  EXPECT_NE(silent.error().find("no picture that a player can start with has come for 95 s"),
            std::string::npos)
      << silent.error();
}

TEST_F(Live, AnErrorSaysWhyTheStreamCannotBePlayed) {
  EXPECT_EQ(http->get("/stream/nope/live.flv").error(), "not-found: stream 'nope': no such stream");
  const HttpAnswer silent = http->get("/stream/talk/live.flv");
  EXPECT_EQ(silent.status, 503u);
  EXPECT_EQ(silent.error(), "unreachable: there is no media yet");
  media.players[Format::flv].end({Code::unsupported, "no FLV of this"});
  EXPECT_EQ(http->get("/stream/talk/live.flv").status, 415u);
  EXPECT_EQ(http->call({.method = "HEAD", .path = "/stream/talk/live.ts"}).status, 503u);
  push(Format::ts, "key", true);
  const HttpAnswer head = http->call({.method = "HEAD", .path = "/stream/talk/live.ts"});
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.body, "");
  EXPECT_TRUE(plays(Format::ts, 0));
  EXPECT_EQ(http->call({.method = "POST", .path = "/stream/talk/live.ts"}).status, 405u);
}

TEST_F(Live, APlayerMayLeaveBeforeTheFirstMedia) {
  auto player = get("/stream/talk/live.ts");
  ASSERT_TRUE(plays(Format::ts, 1));
  player.reset();
  push(Format::ts, "key", true);
  push(Format::ts, "more");
  EXPECT_TRUE(plays(Format::ts, 0));
}

TEST_F(Live, OnlyASlowPlayerSkipsToTheNextStart) {
  begin({.queue = 1 << 20});
  auto slow = get("/stream/talk/live.ts"), quick = get("/stream/talk/live.ts");
  ASSERT_TRUE(plays(Format::ts, 2));
  const std::string frame(256 * 1024, '.');
  push(Format::ts, "[start]" + frame, true);
  quick->receive_until("[start]");
  for (int i = 0; i < 64; ++i) push(Format::ts, "[" + std::to_string(i) + "]" + frame);
  push(Format::ts, "[again]" + frame, true);
  push(Format::ts, "[end]");
  const std::string got = slow->receive_until("[end]");
  const std::size_t again = got.find("[again]");
  ASSERT_NE(again, std::string::npos);
  EXPECT_EQ(got.find("[63]"), std::string::npos);
  EXPECT_TRUE(got.ends_with(frame + "[again]" + frame + "[end]"));
}

TEST_F(Live, APlayerThatTakesNothingIsDisconnected) {
  begin({.queue = 1 << 20, .stall = 300ms});
  auto player = get("/stream/talk/live.ts");
  ASSERT_TRUE(plays(Format::ts, 1));
  const std::string frame(512 * 1024, '.');
  for (int i = 0; i < 32; ++i) push(Format::ts, frame, true);
  EXPECT_TRUE(plays(Format::ts, 0));
}

TEST_F(Live, PlaysOverRtmp) {
  RawClient player(app->rtmp()->port());
  ASSERT_TRUE(player.send(as_text(rtmp::like_ffplay().bytes())));
  ASSERT_TRUE(plays(Format::rtmp, 1));
  push(Format::rtmp, "<frame>", true);
  const std::string got = player.receive_until("<frame>");
  EXPECT_NE(got.find("NetStream.Play.Start"), std::string::npos);
  EXPECT_TRUE(got.ends_with("<frame>"));
  media.players[Format::rtmp].end({Code::not_found, "the stream has ended"});
  EXPECT_NE(player.receive_until("Play.Stop").find("NetStream.Play.UnpublishNotify"), std::string::npos);
}

TEST_F(Live, AnRtmpClientLearnsWhyItCannotPlayAndMayAskAgain) {
  RawClient player(app->rtmp()->port());
  ASSERT_TRUE(player.send(as_text(rtmp::like_ffplay().bytes())));
  EXPECT_NE(player.receive_until("no media yet").find("NetStream.Play.Failed"), std::string::npos);
  RawClient leaves(app->rtmp()->port());
  ASSERT_TRUE(leaves.send(as_text(rtmp::like_ffplay().bytes())));
  ASSERT_TRUE(plays(Format::rtmp, 1));
  ASSERT_TRUE(leaves.send(
      as_text(rtmp::Sent().message(3, 20, rtmp::Sent().text("deleteStream").two().null().one()).bytes())));
  EXPECT_TRUE(plays(Format::rtmp, 0));
  ASSERT_TRUE(leaves.send(as_text(rtmp::Sent().message(3, 20, rtmp::play_command("talk"), 0, 1).bytes())));
  EXPECT_TRUE(plays(Format::rtmp, 1));
}

}  // namespace
}  // namespace astral::test
