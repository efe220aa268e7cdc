// SPDX-License-Identifier: BSD-3-Clause
#include "track/timing.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "moqt/properties.hpp"

namespace astral::track {
namespace {

TEST(Timing, DecodesToWhatWasEncoded) {
  Timing full;
  full.pts = 90'000'000'123;
  full.dts = 89'999'000'000;
  full.duration = 33'333'333;
  full.delta = full.discontinuity = full.header = true;
  full.catalog = 1'700'000'000'000;
  Timing extreme;
  extreme.pts = std::numeric_limits<std::int64_t>::min();
  extreme.dts = std::numeric_limits<std::int64_t>::max();
  for (const Timing &timing : {Timing{}, full, extreme}) {
    const auto block = encode_timing(timing);
    EXPECT_TRUE(moqt::decode_properties(block).has_value());
    const auto decoded = decode_timing(block);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, timing);
  }
}

TEST(Timing, SkipsUnknownProperties) {
  moqt::Properties properties;
  Timing timing;
  timing.pts = 5;
  const auto own = moqt::decode_properties(encode_timing(timing));
  ASSERT_TRUE(own.has_value());
  properties.add(0x06, std::uint64_t{77});
  properties.add(0x0b, "immutable");
  properties.add(timing_property, own->all().front().bytes);
  properties.add(0x3ffe, std::uint64_t{1});
  const auto block = moqt::encode(properties);
  EXPECT_EQ(decode_timing(block)->pts, 5);
  EXPECT_EQ(*decode_timing({}), Timing{});
}

TEST(Timing, MayBeImmutable) {
  Timing timing;
  timing.pts = 5;
  moqt::Properties properties;
  properties.add(moqt::property::immutable_properties, as_text(encode_timing(timing)));
  properties.add(0x3ffe, std::uint64_t{1});
  const auto block = moqt::encode(properties);
  ASSERT_TRUE(decode_timing(block).has_value());
  EXPECT_EQ(decode_timing(block)->pts, 5);
  moqt::Properties broken;
  broken.add(moqt::property::immutable_properties, as_text(Bytes(encode_timing(timing)).first(4)));
  EXPECT_FALSE(decode_timing(moqt::encode(broken)).has_value());
}

TEST(Timing, RefusesATruncatedBlock) {
  Timing timing;
  timing.pts = 123'456'789;
  timing.dts = 1;
  timing.duration = 2;
  const auto block = encode_timing(timing);
  for (std::size_t length = 1; length < block.size(); ++length)
    EXPECT_FALSE(decode_timing(Bytes(block).first(length)).has_value()) << length;
  std::mt19937 random(1);
  for (int round = 0; round < 100'000; ++round) {
    auto broken = block;
    broken[random() % broken.size()] = static_cast<std::uint8_t>(random());
    (void)decode_timing(broken);
  }
}

}  // namespace
}  // namespace astral::track
