// SPDX-License-Identifier: BSD-3-Clause
#include "peer/origin_pin.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace astral::peer {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::sys_seconds start{1'700'000'000s};
const Fingerprint known_key(64, 'a'), other_key(64, 'b');

http::Signer by(const Fingerprint &key, std::chrono::sys_seconds created = start) {
  return {.key = key, .created = created, .nonce = ""};
}

TEST(Pin, IsTheFirstKey) {
  OriginPin pin("", "http://o");
  EXPECT_TRUE(pin.check(std::nullopt));  // an origin that does not sign yet
  EXPECT_TRUE(pin.check(by(known_key)));
  EXPECT_EQ(pin.check(by(other_key)).error().code, Code::refused);
  EXPECT_EQ(pin.check(std::nullopt).error().code, Code::refused);
  EXPECT_TRUE(pin.check(by(known_key)));
}

TEST(Pin, RefusesWhatIsOld) {
  OriginPin pin("", "http://o");
  EXPECT_TRUE(pin.check(by(known_key, start + 1h)));
  EXPECT_TRUE(pin.check(by(known_key, start + 1h - 60s)));
  EXPECT_EQ(pin.check(by(known_key, start + 1h - 61s)).error().code, Code::refused);
}

TEST(Pin, IsKept) {
  char pattern[] = "/tmp/astral-pin-XXXXXX";
  const std::string folder = mkdtemp(pattern);
  EXPECT_TRUE(OriginPin(folder, "http://o").check(by(known_key)));
  EXPECT_TRUE(OriginPin(folder, "http://p").check(by(other_key)));
  EXPECT_FALSE(OriginPin(folder, "http://o").check(by(other_key)));
  EXPECT_FALSE(OriginPin(folder, "http://p").check(by(known_key)));
  EXPECT_TRUE(OriginPin(folder, "http://o").check(by(known_key)));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace astral::peer
