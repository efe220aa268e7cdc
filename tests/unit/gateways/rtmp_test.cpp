// SPDX-License-Identifier: BSD-3-Clause
// RTMP clients over real sockets: who may publish, who may return, who is disconnected; the others continue.
#include "../formats/rtmp/client.hpp"
#include "app_fixture.hpp"

namespace astral::test {
namespace {

class Rtmp : public AppTest {
 protected:
  void SetUp() override { begin({}); }
  void begin(gateways::RtmpServer::Limits limits, gateways::Publishers::Limits publishers = {}) {
    start({.driver = {},
           .rtmp_port = free_port(),
           .needs_rtmp = true,
           .rtmp = limits,
           .publishers = publishers});
  }
  std::uint16_t rtmp_port() const { return app->rtmp()->port(); }

  std::unique_ptr<RawClient> client(const rtmp::Sent &sent) {
    auto client = std::make_unique<RawClient>(rtmp_port());
    EXPECT_TRUE(client->connected() && client->send(as_text(sent.bytes())));
    return client;
  }
  std::unique_ptr<RawClient> publisher() {
    auto publisher = client(rtmp::like_obs());
    EXPECT_NE(publisher->receive_until("NetStream.Publish.Start").find("Publish.Start"), std::string::npos);
    return publisher;
  }
  FakeMedia::FakeIngest *ingest() {
    const auto found = media.ingests.find("talk");
    return found == media.ingests.end() ? nullptr : found->second;
  }
  static rtmp::Sent media_of(std::uint32_t timestamp) {
    return rtmp::Sent().message(4, 9, rtmp::avc_key(), timestamp, 1);
  }
  static void say(RawClient &client, const rtmp::Sent &sent) {
    EXPECT_TRUE(client.send(as_text(sent.bytes())));
  }
  // The answer to a publisher that begins with these bytes.
  std::string told(const rtmp::Sent &sent) { return client(sent)->receive_until(""); }
};

rtmp::Sent ask(const std::string &app, const std::string &key) {
  return rtmp::Sent()
      .greeting()
      .confirmation()
      .message(3, 20, rtmp::connect_command(app))
      .message(3, 20, rtmp::publish_command(key));
}

TEST_F(Rtmp, APublisherThatStopsEndsItsStream) {
  auto obs = publisher();
  say(*obs, media_of(0));
  ASSERT_TRUE(pump_until([&] { return ingest() && ingest()->pushed == 1; }));
  EXPECT_EQ(media.ingest_uri, "astral://127.0.0.1:" + std::to_string(port()) + "/talk");
  say(*obs, rtmp::ffmpeg_goodbye());
  ASSERT_TRUE(pump_until([&] { return ingest()->finished == 1; }));
  EXPECT_NE(told(rtmp::like_obs()).find("still ending this stream"), std::string::npos);
  ingest()->over({Code::not_found, "all is out"});
  EXPECT_EQ(ingest(), nullptr);
  publisher();
  EXPECT_NE(ingest(), nullptr);
}

TEST_F(Rtmp, APublisherThatWasCutOffMayReturn) {
  auto obs = publisher();
  say(*obs, media_of(0));
  ASSERT_TRUE(pump_until([&] { return ingest() && ingest()->pushed == 1; }));
  obs.reset();
  ASSERT_TRUE(pump_until([&] { return app->rtmp()->connections() == 0; }));
  obs = publisher();
  EXPECT_EQ(ingest()->begun, 1);
  EXPECT_EQ(ingest()->finished, 0);
  say(*obs, media_of(0));
  ASSERT_TRUE(pump_until([&] { return ingest()->pushed == 2; }));
}

TEST_F(Rtmp, AStreamEndsIfItsPublisherDoesNotReturn) {
  begin({}, {.for_return = 50ms});
  publisher();
  ASSERT_TRUE(pump_until([&] { return ingest() && ingest()->finished == 1; }));
}

TEST_F(Rtmp, OnePublisherAtATimeUnlessItIsSilent) {
  begin({}, {.until_stale = 300ms});
  auto first = publisher();
  EXPECT_NE(told(rtmp::like_obs()).find("another publisher is publishing talk already"), std::string::npos);
  Time later = now() + 400ms;
  pump_until([&] { return now() > later; }, 400ms);
  auto second = publisher();
  EXPECT_EQ(ingest()->begun, 1);
  first->receive_until("");
  EXPECT_TRUE(first->ended());
}

TEST_F(Rtmp, ARefusedPublisherLearnsWhy) {
  EXPECT_NE(told(ask("live", "talk")).find("the server must be rtmp://HOST/astral"), std::string::npos);
  EXPECT_NE(told(ask("astral", "My Talk!")).find("single hyphens, like my-talk"), std::string::npos);
  media.broken = true;
  auto obs = publisher();
  say(*obs, media_of(0));
  EXPECT_NE(obs->receive_until("no elements").find("NetStream.Publish.Rejected"), std::string::npos);
  EXPECT_EQ(ingest(), nullptr);
}

TEST_F(Rtmp, APublisherLearnsThatTheNodeRefusesItsMedia) {
  auto obs = publisher();
  ASSERT_TRUE(pump_until([&] { return ingest() != nullptr; }));
  ingest()->over({Code::conflict, "another publisher is attached"});
  EXPECT_NE(obs->receive_until("another publisher is attached").find("NetStream.Publish.BadName"),
            std::string::npos);
}

TEST_F(Rtmp, AClientThatSendsRubbishOrNothingIsDisconnected) {
  begin({.for_request = 200ms});
  auto good = publisher();
  auto rubbish = client(rtmp::Sent().letters("GET / HTTP/1.1\r\n\r\n"));
  auto silent = client(rtmp::Sent().greeting());
  auto broken = client(rtmp::Sent().greeting().confirmation().fill(100, 0xff));
  for (RawClient *bad : {rubbish.get(), silent.get(), broken.get()}) {
    bad->receive_until("");
    EXPECT_TRUE(bad->ended());
  }
  say(*good, media_of(0));
  ASSERT_TRUE(pump_until([&] { return ingest() && ingest()->pushed == 1; }));
}

TEST_F(Rtmp, NoMoreConnectionsThanTheLimit) {
  begin({.guests = {.total = 2, .reserved = 0, .turned_away = 0}});
  auto one = publisher();
  auto two = client(rtmp::Sent().greeting());
  EXPECT_NE(two->receive_until("ZZ").size(), 0u);
  auto three = client(rtmp::Sent().greeting());
  EXPECT_EQ(three->receive_until(""), "");
  EXPECT_TRUE(three->ended());
}

TEST_F(Rtmp, SettingsTellThePortAndATakenPortDisablesRtmp) {
  EXPECT_NE(http->get("/settings").body.find("\"rtmp_port\":" + std::to_string(rtmp_port())),
            std::string::npos);
  FakeMedia other;
  node::App::Settings settings{.listen = "127.0.0.1", .port = 0, .rtmp_port = rtmp_port()};
  settings.driver.node.self.uuid = "there";
  const auto without = node::App::open(settings, other);
  ASSERT_TRUE(without);
  EXPECT_EQ((*without)->rtmp(), nullptr);
  settings.needs_rtmp = true;
  EXPECT_FALSE(node::App::open(settings, other));
}

}  // namespace
}  // namespace astral::test
