// SPDX-License-Identifier: BSD-3-Clause
// WHIP and WHEP over real HTTP, with fake WebRTC connections: who may use them, the answers, and what happens
// when the stream or the connection ends.
#include "../formats/webrtc/offers.hpp"
#include "app_fixture.hpp"
#include "formats/rtc_frame.hpp"

namespace astral::test {
namespace {

using formats::Format;

constexpr const char *sdp = "application/sdp";
constexpr const char *element_answer =
    "v=0\r\na=group:BUNDLE 0 1\r\nm=video 9 UDP/TLS/RTP/SAVPF 102\r\na=mid:0\r\nm=audio 9 UDP/TLS/RTP/SAVPF "
    "111\r\na=mid:1\r\n";

class Rtc : public AppTest {
 protected:
  void SetUp() override { begin({}); }
  void begin(gateways::Publishers::Limits publishers) {
    sink.reset();
    start({.driver = {}, .max_players = 64, .publishers = publishers, .hls_patience = 300ms});
    sink = publish();
  }

  std::shared_ptr<HttpClient::Pending> ask(const std::string &way, const std::string &body,
                                           const std::string &type = sdp) {
    return http->begin({.method = "POST", .path = "/stream/" + way, .body = body, .type = type});
  }
  HttpAnswer told(const std::shared_ptr<HttpClient::Pending> &pending) {
    EXPECT_TRUE(pump_until([&] { return pending->done; }));
    return pending->answer;
  }
  // The fake connection that the node makes for the next session.
  FakeMedia::FakePeer *peer(std::size_t count = 1) {
    EXPECT_TRUE(pump_until([&] { return media.rtc_peers.size() == count; }));
    return media.rtc_peers.size() == count ? media.rtc_peers.back() : nullptr;
  }
  formats::Fanout &pieces() { return media.players[Format::webrtc]; }
  void tell_tracks() { pieces().set_header(formats::write_tracks({true, true, "42001f"})); }
  void push_key() {
    pieces().push(formats::write_frame(formats::RtcFrame::Kind::video, 1s, as_bytes("key")), true);
  }
  // Connects a viewer. Returns the URL of its session.
  std::string watching(std::size_t count = 1) {
    const auto pending = ask("talk/whep", offer("recvonly"));
    FakeMedia::FakePeer *made = peer(count);
    if (!made) return "";
    made->handler.on_answer(element_answer);
    const HttpAnswer answer = told(pending);
    EXPECT_EQ(answer.status, 201u) << answer.body;
    made->handler.on_connected();
    return answer.headers.at("Location");
  }
  std::string publishing() {
    const int before = media.rtc_made;
    const auto pending = ask("mine/whip", offer("sendonly"));
    EXPECT_TRUE(pump_until([&] { return media.rtc_made > before; }));
    FakeMedia::FakePeer *made = peer();
    if (!made) return "";
    made->handler.on_answer(element_answer);
    const HttpAnswer answer = told(pending);
    EXPECT_EQ(answer.status, 201u) << answer.body;
    return answer.headers.at("Location");
  }

  std::unique_ptr<SocketClient> sink;
};

TEST_F(Rtc, AViewerGetsTheNewestGroupWhenItIsConnected) {
  tell_tracks();
  push_key();
  const auto pending = ask("talk/whep", offer("recvonly"));
  FakeMedia::FakePeer *made = peer();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->plan.video()->payload.type, 102u);
  made->handler.on_answer(element_answer);
  const HttpAnswer answer = told(pending);
  EXPECT_EQ(answer.status, 201u);
  EXPECT_EQ(answer.body, element_answer);
  EXPECT_EQ(answer.headers.at("Content-Type"), sdp);
  const std::string place = answer.headers.at("Location");
  EXPECT_TRUE(place.starts_with("/stream/talk/whep/")) << place;
  EXPECT_EQ(place.size(), 18u + 32u);
  push_key();
  EXPECT_EQ(made->played, 0);
  made->handler.on_connected();
  EXPECT_TRUE(pump_until([&] { return made->played == 2; }));  // the tracks, the key frame
  EXPECT_EQ(pieces().players(), 1u);
  EXPECT_EQ(del("/stream/other/whep" + place.substr(17)).status, 404u);
  EXPECT_EQ(del(place).status, 200u);
  EXPECT_TRUE(media.rtc_peers.empty());
  EXPECT_EQ(pieces().players(), 0u);
  EXPECT_EQ(del(place).status, 404u);
}

TEST_F(Rtc, AViewersConnectionOutlivesTheStream) {
  tell_tracks();
  watching();
  pieces().end({Code::not_found, "the stream has ended"});
  EXPECT_TRUE(pump_until([&] { return pieces().players() == 0; }));
  pieces() = {};
  tell_tracks();
  push_key();
  ASSERT_EQ(media.rtc_peers.size(), 1u);
  EXPECT_TRUE(pump_until([&] { return media.rtc_peers.back()->played >= 2; }));
}

TEST_F(Rtc, ABrokenConnectionIsForgotten) {
  tell_tracks();
  watching();
  media.rtc_peers.back()->handler.on_over({Code::timeout, "nothing was heard"});
  EXPECT_TRUE(media.rtc_peers.empty());
  const auto pending = ask("talk/whep", offer("recvonly"));
  ASSERT_TRUE(peer());
  media.rtc_peers.back()->handler.on_over({Code::failed, "no answer"});
  EXPECT_EQ(told(pending).error(), "failed: no answer");
}

TEST_F(Rtc, AnErrorSaysWhyNobodyCanWatch) {
  EXPECT_EQ(told(ask("talk/whep", offer("recvonly"), "text/plain")).status, 415u);
  EXPECT_EQ(told(ask("talk/whep", "x")).error(), "invalid: SDP, line 1: must be of the form x=…");
  EXPECT_EQ(told(ask("nope/whep", offer("recvonly"))).error(), "not-found: stream 'nope': no such stream");
  EXPECT_EQ(told(ask("talk/whep", offer("recvonly"))).error(), "unreachable: there is no media yet");
  tell_tracks();
  EXPECT_EQ(told(ask("talk/whep", offer("sendonly"))).status, 415u);
  media.broken = true;
  EXPECT_EQ(told(ask("talk/whep", offer("recvonly"))).status, 500u);
  media.broken = false;
  const auto from_another_site = [&](const char *path, const char *direction) {
    return http->call({.method = "POST",
                       .path = path,
                       .body = offer(direction),
                       .type = sdp,
                       .headers = {{"Origin", "http://evil.example"}}});
  };
  EXPECT_EQ(from_another_site("/stream/nope/whep", "recvonly").status, 404u);
  EXPECT_EQ(from_another_site("/stream/talk/whip", "sendonly").status, 403u);
  for (std::size_t i = 1; i <= 64; ++i) watching(i);
  EXPECT_EQ(told(ask("talk/whep", offer("recvonly"))).error(),
            "unreachable: as many play here by WebRTC as the node's setting max-players allows");
}

TEST_F(Rtc, APublisherThatStopsEndsItsStream) {
  const std::string place = publishing();
  FakeMedia::FakePeer *made = media.rtc_peers.back();
  EXPECT_EQ(made->plan.video()->payload.type, 108u);
  FakeMedia::FakeIngest *ingest = media.ingests.at("mine");
  EXPECT_EQ(ingest->metadata, 1);
  made->handler.on_media({});
  EXPECT_EQ(ingest->pushed, 1);
  EXPECT_EQ(told(ask("mine/whip", offer("sendonly"))).error(),
            "conflict: another publisher is publishing mine already");
  EXPECT_EQ(del(place).status, 200u);
  EXPECT_EQ(ingest->finished, 1);
  EXPECT_TRUE(media.rtc_peers.empty());
  EXPECT_EQ(told(ask("mine/whip", offer("sendonly"))).status, 503u);
  ingest->over({Code::not_found, "all is out"});
  publishing();
}

TEST_F(Rtc, AnotherPublisherContinuesTheStream) {
  publishing();
  FakeMedia::FakeIngest *ingest = media.ingests.at("mine");
  media.rtc_peers.back()->handler.on_over({Code::timeout, "nothing was heard"});
  EXPECT_TRUE(media.rtc_peers.empty());
  publishing();
  EXPECT_EQ(media.ingests.at("mine"), ingest);
  EXPECT_EQ(ingest->begun, 1);
  EXPECT_EQ(ingest->finished, 0);
}

TEST_F(Rtc, ASilentPublisherMayBeReplaced) {
  begin({.until_stale = 0ms});
  publishing();
  publishing();
  EXPECT_EQ(media.rtc_peers.size(), 1u);
  EXPECT_EQ(media.ingests.at("mine")->begun, 1);
}

TEST_F(Rtc, AnErrorSaysWhyNobodyCanPublish) {
  EXPECT_EQ(told(ask("mine/whip", offer("sendonly"), "text/plain")).status, 415u);
  EXPECT_EQ(told(ask("My!/whip", offer("sendonly"))).status, 400u);
  EXPECT_EQ(told(ask("mine/whip", offer("recvonly"))).status, 415u);
  EXPECT_EQ(told(ask("mine/whip", std::string(64 * 1024 + 1, 'v'))).status, 413u);
  publishing();
  media.broken = true;
  media.rtc_peers.back()->handler.on_media({});
  EXPECT_TRUE(pump_until([&] { return media.rtc_peers.empty(); }));
  EXPECT_TRUE(media.ingests.empty());
  EXPECT_EQ(told(ask("mine/whip", offer("sendonly"))).status, 500u);
}

}  // namespace
}  // namespace astral::test
