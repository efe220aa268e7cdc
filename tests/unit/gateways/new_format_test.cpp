// SPDX-License-Identifier: BSD-3-Clause
// A format that the media backend registers, and nothing else names, has a route, is in the settings and in
// the description of the API.
#include "app_fixture.hpp"

namespace astral::test {
namespace {

constexpr formats::Format ogg{"ogg"};

class NewFormat : public AppTest {
 protected:
  void SetUp() override {
    media.live.push_back({.format = ogg, .name = "Ogg", .type = "video/ogg"});
    AppTest::SetUp();
    sink = publish();
  }

  json::Reader get_json(const std::string &path) {
    auto in = json::Reader::parse(http->get(path).body, {.max_bytes = 1 << 20});
    EXPECT_TRUE(in) << in.error().detail;
    return *in;
  }

  std::unique_ptr<SocketClient> sink;
};

TEST_F(NewFormat, IsPlayedWithItsMimeType) {
  media.players[ogg].set_header(Slice::copy(as_bytes("OggS")));
  RawClient player(port());
  ASSERT_TRUE(player.send("GET /stream/talk/live.ogg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  const std::string answer = player.receive_until("OggS");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: video/ogg\r\n"), std::string::npos) << answer;
}

TEST_F(NewFormat, IsNamedInTheSettings) {
  json::Reader settings = get_json("/settings");
  const std::string url = app->server().url() + "/stream/{slug}/live.ogg";
  EXPECT_EQ(settings.text("ogg_url", {}), url);
  bool is_listed = false;
  for (json::Reader &endpoint : settings.objects("endpoints", 16)) {
    if (endpoint.text("name", {}) != "Ogg") continue;
    is_listed = true;
    EXPECT_EQ(endpoint.text("url", {}), url);
    EXPECT_EQ(endpoint.text("type", {}), "video/ogg");
    EXPECT_EQ(endpoint.text("use", {}), "play");
  }
  EXPECT_TRUE(is_listed);
}

TEST_F(NewFormat, IsDescribedInOpenApi) {
  json::Reader description = get_json("/openapi.json");
  json::Reader call = description.object("paths").object("/stream/{slug}/live.ogg").object("get");
  EXPECT_EQ(call.text("operationId", {}), "get_ogg");
  EXPECT_TRUE(call.object("responses").object("200").object("content").has("video/ogg"));
  json::Reader schema = description.object("components").object("schemas").object("Settings");
  EXPECT_EQ(schema.object("properties").object("ogg_url").text("pattern", {}),
            R"(^http://[^/]+/stream/\{slug\}/live\.ogg$)");
  const auto required = schema.texts("required", 32, {});
  EXPECT_NE(std::find(required.begin(), required.end(), "ogg_url"), required.end());
}

}  // namespace
}  // namespace astral::test
