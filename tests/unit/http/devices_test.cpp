// SPDX-License-Identifier: BSD-3-Clause
// The code that pairs one device, and the devices that were paired.
#include "http/devices.hpp"

#include <gtest/gtest.h>

#include "http/pairing_code.hpp"

namespace astral::http {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint8_t, PairingCode::letters> six = {0, 1, 2, 3, 4, 255};

class PairingCodes : public ::testing::Test {
 protected:
  std::string use(const std::string &given) {
    const auto used = code.use(given, time);
    return used ? "" : used.error().detail;
  }
  PairingCode code;
  Time time = 100s;
};

TEST_F(PairingCodes, IsShortAndGoodOnceHoweverItIsTyped) {
  EXPECT_NE(use("ABC-DE9").find("astralctl pair"), std::string::npos);
  EXPECT_EQ(code.make(six, time), "ABC-DE9");
  EXPECT_EQ(code.left(time), 5min);
  EXPECT_EQ(use("abc de9"), "");
  EXPECT_EQ(code.left(time), 0s);
  EXPECT_NE(use("ABC-DE9"), "");
}

TEST_F(PairingCodes, EndsWithItsTimeOrItsSuccessorOrWhenItIsClosed) {
  code.make(six, time);
  time += 5min - 1ns;
  EXPECT_EQ(code.left(time), 1ns);
  time += 1ns;
  EXPECT_NE(use("ABC-DE9"), "");
  code.make(six, time);
  const std::string second = code.make({9, 9, 9, 9, 9, 9}, time);
  EXPECT_NE(use("ABC-DE9"), "");
  time += 1s;
  EXPECT_EQ(use(second), "");
  code.make(six, time);
  code.close();
  EXPECT_NE(use("ABC-DE9"), "");
}

TEST_F(PairingCodes, IsVoidAfterFiveGuessesOneASecond) {
  code.make(six, time);
  for (unsigned i = 0; i < PairingCode::max_wrong; ++i) {
    EXPECT_NE(use("AAA-AAA").find("that is not the code"), std::string::npos);
    const auto early = code.use("ABC-DE9", time + 1s - 1ns);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, i + 1 < PairingCode::max_wrong ? Code::timeout : Code::refused);
    time += 1s;
  }
  EXPECT_EQ(code.left(time), 0s);
  EXPECT_NE(use("ABC-DE9").find("no device is being paired now"), std::string::npos);
  code.make(six, time);
  EXPECT_EQ(use("ABC-DE9"), "");
}

Devices::Random random_of(std::uint8_t seed) {
  Devices::Random bytes;
  bytes.fill(seed);
  return bytes;
}

constexpr WallTime then{1'800'000'000s};

TEST(Devices, AreKnownByTheirCookieUntilTheyAreRemoved) {
  Devices devices("astral-n");
  const auto phone = devices.add("iPhone", random_of(0xab), then),
             other = devices.add("iPad", random_of(1), then);
  ASSERT_TRUE(phone && other);
  EXPECT_EQ(phone->id, "abababab");
  const std::string own = "astral-n=" + phone->secret;
  EXPECT_EQ(devices.find(own, then), phone->id);
  EXPECT_EQ(devices.find("a=b; " + own + ";c=d", then), phone->id);
  EXPECT_EQ(devices.find("astral-n=old; " + own, then), phone->id);
  for (const std::string &cookies :
       {std::string(), std::string("astral-n="), std::string("astral-n=") + phone->id,
        "astral-m=" + phone->secret, "xastral-n=" + phone->secret, own + "0", own.substr(0, own.size() - 1),
        "astral-n=" + devices.all()[0].hash})
    EXPECT_EQ(devices.find(cookies, then), "") << cookies;
  EXPECT_TRUE(devices.remove(phone->id));
  EXPECT_FALSE(devices.remove(phone->id));
  EXPECT_EQ(devices.find(own, then), "");
  EXPECT_EQ(devices.find("astral-n=" + other->secret, then), other->id);
}

TEST(Devices, ACookieIsForThisSiteOnlyAndForNoScript) {
  const Devices devices("astral-n");
  EXPECT_EQ(devices.cookie("s", "/", false),
            "astral-n=s; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict");
  EXPECT_EQ(devices.cookie("s", "/tv/", true),
            "astral-n=s; Path=/tv/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure");
}

TEST(Devices, AreKeptWithoutTheirSecrets) {
  Devices devices("astral-n");
  std::string kept;
  devices.on_change = [&] { kept = devices.keep(); };
  const auto phone = devices.add("iPhone \"x\"", random_of(7), then);
  EXPECT_EQ(kept.find(phone->secret), std::string::npos);
  devices.saw(phone->id, then + 9min);
  EXPECT_EQ(devices.all()[0].seen, then);  // not written at each call
  devices.saw(phone->id, then + 10min);
  Devices later("astral-n");
  ASSERT_TRUE(later.read(kept));
  EXPECT_EQ(later.find("astral-n=" + phone->secret, then), phone->id);
  EXPECT_EQ(later.all()[0].name, "iPhone \"x\"");
  EXPECT_EQ(later.all()[0].seen, then + 10min);
  for (const char *bad : {"", "[]", R"({"devices":[{}]})",
                          R"({"devices":[{"id":"0a1b2c3d","name":"","hash":"12","paired":1,"seen":1}]})"}) {
    EXPECT_FALSE(later.read(bad)) << bad;
    EXPECT_TRUE(later.all().empty());
  }
}

TEST(Devices, HaveABoundAndAnEnd) {
  Devices devices("astral-n");
  Devices::Added last;
  for (std::uint8_t i = 0; i < Devices::max; ++i) last = devices.add("x", random_of(i), then).value();
  EXPECT_EQ(devices.add("x", random_of(99), then).error().code, Code::no_room);
  const WallTime end = then + Devices::lifetime;
  EXPECT_EQ(devices.find("astral-n=" + last.secret, end - 1s), last.id);
  EXPECT_EQ(devices.find("astral-n=" + last.secret, end), "");
  EXPECT_TRUE(devices.add("x", random_of(99), end));
  EXPECT_EQ(devices.all().size(), 1u);
}

TEST(DeviceName, SaysTheSystemAndTheBrowser) {
  const std::string khtml = "Mozilla/5.0 (X) AppleWebKit/605.1.15 (KHTML, like Gecko) ";
  for (const auto &[agent, name] : std::initializer_list<std::pair<std::string, const char *>>{
           {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile "
            "Safari/604.1",
            "iPhone, Safari"},
           {"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
            "Android, Chrome"},
           {"Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", "Android, Firefox"},
           {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0",
            "Windows, Edge"},
           {khtml + "Safari/605.1.15", "Safari"},
           {"curl/8.0", "curl"},
           {"<script>", "Device"},
           {"", "Device"}})
    EXPECT_EQ(device_name(agent), name) << agent;
}

}  // namespace
}  // namespace astral::http
