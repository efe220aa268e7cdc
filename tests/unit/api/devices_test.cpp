// SPDX-License-Identifier: BSD-3-Clause
// A device is paired over HTTP: guessing is slowed down, and there is a bound. tests/e2e/test_pairing.py uses
// the cookie from another machine's address.
#include "http/devices.hpp"
#include "app_fixture.hpp"

namespace astral::test {
namespace {

class DeviceCalls : public AppTest {
 protected:
  std::string code() {
    auto answer = json::Reader::parse(post("/pairing", "").body);
    return answer ? answer->object("pairing").text("code", {}) : "";
  }
  HttpAnswer pair(const std::string &code) { return post("/devices", R"({"code":")" + code + R"("})"); }
};

TEST_F(DeviceCalls, AGuessRightAfterAnotherIsNotLookedAt) {
  HttpAnswer early;
  do {
    const std::string made = code();
    EXPECT_EQ(pair("AAA-AAA").status, 403u);
    early = pair(made);
  } while (early.status == 201u);  // this machine took a second for a call
  EXPECT_EQ(early.status, 429u);
  EXPECT_EQ(early.headers.at("Retry-After"), "1");
  EXPECT_FALSE(early.headers.contains("Set-Cookie"));
}

TEST_F(DeviceCalls, DevicesAreKeptUpToABound) {
  std::string kept;
  app->keep_devices = [&](const std::string &devices) { kept = devices; };
  for (std::size_t i = 0; i < http::Devices::max; ++i) {
    const HttpAnswer paired = pair(code());
    ASSERT_EQ(paired.status, 201u) << paired.body;
    EXPECT_TRUE(paired.headers.at("Set-Cookie").starts_with("astral-" + uuid_named("here") + "="))
        << paired.headers.at("Set-Cookie");
  }
  EXPECT_EQ(pair(code()).error(), "no-room: 32 devices are paired; remove one of them first");
  node::App::Settings settings;
  settings.kept_devices = kept;
  start(std::move(settings));
  auto list = json::Reader::parse(http->get("/devices").body);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->objects("devices", 100).size(), http::Devices::max);
}

TEST_F(DeviceCalls, AnAddressForOthersOnlyIfTheNodeListensForThem) {
  EXPECT_EQ(post("/pairing", "").body.find("url"), std::string::npos);
  const HttpAnswer named =
      http->call({.method = "POST",
                  .path = "/pairing",
                  .headers = {{"Host", "192.0.2.7:81"}, {"Origin", "http://192.0.2.7:81"}}});
  EXPECT_NE(named.body.find(R"("url":"http://192.0.2.7:81/#pair/)"), std::string::npos) << named.body;
}

}  // namespace
}  // namespace astral::test
