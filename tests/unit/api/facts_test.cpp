// SPDX-License-Identifier: BSD-3-Clause
// The facts about the media of a stream: they are in the stream's object, and a change is an event.
#include "app_fixture.hpp"

namespace astral::test {
namespace {

class FactsTest : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    sink = publish();
  }
  std::string stream() { return http->get("/stream/talk").body; }
  static bool has(const std::string &body, const std::string &part) {
    return body.find(part) != std::string::npos;
  }

  std::unique_ptr<SocketClient> sink;
};

TEST_F(FactsTest, AStreamShowsItsCodecsAndWarnings) {
  EXPECT_FALSE(has(stream(), "video\":{") || has(stream(), "audio\":{") || has(stream(), "warnings"));
  media.known["talk"] = {.video = formats::VideoFacts{.codec = "h264",
                                                      .width = 640,
                                                      .height = 360,
                                                      .frames = 30000,
                                                      .seconds = 1001,
                                                      .keyframe_seconds = 6.5,
                                                      .has_b_frames = true},
                         .audio = formats::AudioFacts{"mp2", 48'000, 2}};
  const std::string body = stream();
  EXPECT_TRUE(has(body, R"("video":{"codec":"h264","width":640,"height":360,"framerate":"30000/1001",)"
                        R"("keyframe_seconds":6.5,"b_frames":true})"))
      << body;
  EXPECT_TRUE(has(body, R"("audio":{"codec":"mp2","rate":48000,"channels":2})")) << body;
  EXPECT_TRUE(has(body, R"("left_out":[{"track":"audio","formats":["hls","flv","rtmp"],"reason":"HLS, )"
                        R"(FLV and RTMP do not carry this stream's MP2 sound: send AAC"}])"))
      << body;
  EXPECT_TRUE(has(body, R"("warnings":["Keyframes are 7 s apart)")) << body;
  EXPECT_TRUE(has(body, R"(do not carry this stream's MP2 sound: send AAC"])")) << body;
  EXPECT_TRUE(has(http->get("/streams").body, R"("framerate":"30000/1001")"));
  media.known["talk"] = {.video = formats::VideoFacts{.codec = "h264"}, .audio = formats::AudioFacts{"aac"}};
  EXPECT_TRUE(has(stream(), R"("video":{"codec":"h264","b_frames":false},"audio":{"codec":"aac"})"))
      << stream();
  EXPECT_FALSE(has(stream(), "warnings") || has(stream(), "left_out"));
}

TEST_F(FactsTest, AStreamShowsThatTheLineIsTooThin) {
  EXPECT_FALSE(has(stream(), "\"line\""));
  media.measured.carried_bps = 3'040'000;
  media.measured.needed_bps = 4'160'000;
  const std::string body = stream();
  EXPECT_TRUE(has(body, R"("line":{"carried_bps":3040000,"needed_bps":4160000})")) << body;
  EXPECT_TRUE(has(body, R"("warnings":["Your line carries 3.0 of 4.2 Mbit/s, so the picture skips"])"))
      << body;
}

TEST_F(FactsTest, NewFactsAreAnEvent) {
  SocketClient listener(port(), "/events");
  ASSERT_TRUE(listener.wait_open());
  pump_until([] { return true; });
  listener.texts.clear();
  media.listener->on_facts("nope");
  media.listener->on_facts("talk");
  EXPECT_TRUE(has(listener.take("stream"), R"("slug":"talk")"));
}

}  // namespace
}  // namespace astral::test
