// SPDX-License-Identifier: BSD-3-Clause
// When a picture of a stream is made, and who gets it.
#include "../track/ts_builder.hpp"
#include "app_fixture.hpp"

namespace astral::test {
namespace {

using formats::Format;

class Thumbnails : public AppTest {
 protected:
  void SetUp() override {
    AppTest::SetUp();
    sink = publish();
  }
  void push(const track::test::Packet &packet, bool is_start = false) {
    media.players[Format::ts].push(Slice::copy(packet), is_start);
  }
  void key_frame() {
    push(track::test::video_key(), true);
    push(track::test::video_delta());
  }
  std::unique_ptr<RawClient> ask(const std::string &slug = "talk") {
    auto client = std::make_unique<RawClient>(port());
    EXPECT_TRUE(client->send("GET /stream/" + slug + "/thumbnail.jpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    return client;
  }
  void give(const Expected<Slice> &picture) { std::exchange(media.picture_wanted, {})(picture); }
  bool are_wanted(std::size_t count) {
    return pump_until([&] { return media.key_frames.size() == count; });
  }

  std::unique_ptr<SocketClient> sink;
};

const Expected<Slice> picture = Slice::copy(as_bytes("JPEG"));

TEST_F(Thumbnails, OnePictureAnswersAllRequests) {
  key_frame();
  const auto one = ask();
  ASSERT_TRUE(are_wanted(1));
  EXPECT_EQ(media.players[Format::ts].players(), 0u);
  const auto other = ask();
  ASSERT_TRUE(pump_until([&] { return app->server().waiting() == 2; }));
  give(picture);
  for (const auto &client : {one.get(), other.get()}) {
    const std::string got = client->receive_until("JPEG");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 200 OK\r\n")) << got;
    EXPECT_NE(got.find("Content-Type: image/jpeg"), std::string::npos);
    EXPECT_NE(got.find("Cache-Control: no-cache"), std::string::npos);
  }
  EXPECT_EQ(http->get("/stream/talk/thumbnail.jpg").body, "JPEG");  // not too old yet
  EXPECT_EQ(media.key_frames.size(), 1u);
}

TEST_F(Thumbnails, TheStreamIsPlayedOnlyUntilTheKeyFrameIsComplete) {
  const auto client = ask();
  ASSERT_TRUE(pump_until([&] { return media.players[Format::ts].players() == 1; }));
  push(track::test::video_key(), true);
  push(track::test::video_rest());
  key_frame();
  ASSERT_TRUE(are_wanted(1));
  EXPECT_EQ(media.key_frames[0].size(), 2u);
  give(picture);
  EXPECT_TRUE(client->receive_until("JPEG").ends_with("JPEG"));
}

TEST_F(Thumbnails, AnErrorSaysWhyThereIsNoPicture) {
  EXPECT_EQ(http->get("/stream/nope/thumbnail.jpg").error(), "not-found: stream 'nope': no such stream");
  EXPECT_EQ(http->get("/stream/talk/thumbnail.jpg").error(),
            "not-found: stream 'talk': no key frame has come yet");
  key_frame();
  const auto client = ask();
  ASSERT_TRUE(are_wanted(1));
  give(fail(Code::timeout, "too late"));
  EXPECT_NE(client->receive_until("too late").find("HTTP/1.1 404"), std::string::npos);
  EXPECT_EQ(http->get("/stream/talk/thumbnail.jpg").status, 404u);  // a bad one is as costly as a good one
  EXPECT_EQ(media.key_frames.size(), 1u);
}

TEST_F(Thumbnails, TheStreamMayEndMeanwhile) {
  const auto client = ask();
  ASSERT_TRUE(pump_until([&] { return media.players[Format::ts].players() == 1; }));
  media.players[Format::ts].end({Code::not_found, "the stream has ended"});
  EXPECT_NE(client->receive_until("has ended").find("HTTP/1.1 404"), std::string::npos);
  EXPECT_TRUE(media.key_frames.empty());
}

TEST_F(Thumbnails, TheNodeMayEndMeanwhile) {
  const auto waits = ask();
  ASSERT_TRUE(pump_until([&] { return media.players[Format::ts].players() == 1; }));
  app.reset();
  EXPECT_EQ(media.players[Format::ts].players(), 0u);
}

}  // namespace
}  // namespace astral::test
