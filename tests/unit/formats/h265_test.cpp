// SPDX-License-Identifier: BSD-3-Clause
// Parameter sets and pictures of x265.
#include "formats/h265.hpp"

#include <gtest/gtest.h>

#include <string>

#include "formats/codec_heads.hpp"

namespace astral::formats::h265 {
namespace {

Buffer of_hex(const std::string &hex) {
  Buffer bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

const Buffer vps = of_hex("40010c01ffff01600000030090000003000003001e959409");
const Buffer sps = of_hex("42010101600000030090000003000003001ea0208105965654a4c2f0168080000003008000000504");
const Buffer pps = of_hex("4401c073c089");
const Buffer record = of_hex(
    "0101600000009000000000001ef000fcfdf8f800000f03"
    "a000010018"
    "40010c01ffff01600000030090000003000003001e959409"
    "a100010028"
    "42010101600000030090000003000003001ea0208105965654a4c2f0168080000003008000000504"
    "a2000100064401c073c089");
const Buffer key{0x28, 1, 0xac, 0x46}, later{0x02, 1, 0xd0, 9}, delimiter{0x46, 1, 0x50};

TEST(H265, ReadsARecord) {
  Parameters parameters;
  EXPECT_FALSE(parameters.are_known());
  EXPECT_EQ(parameters.read_record(record), 4u);
  EXPECT_TRUE(parameters.are_known());
  const auto units = parameters.units();
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(type_of(units[0]), Nal::vps);
  EXPECT_EQ(type_of(units[1]), Nal::sps);
  EXPECT_EQ(Buffer(units[2].begin(), units[2].end()), pps);
}

TEST(H265, WritesTheRecordThatX265Writes) {
  Parameters parameters;
  EXPECT_TRUE(parameters.learn({vps, sps, pps}));
  EXPECT_EQ(parameters.record(), record);
}

TEST(H265, WritesLengths) {
  const Buffer filler{0x4c, 1, 0xff};
  Buffer out;
  h264::put_after_length(out, key);
  h264::put_after_length(out, later);
  EXPECT_EQ(with_lengths({delimiter, vps, sps, pps, key, later, filler}), out);
}

// What was known stays.
TEST(H265, RefusesARecordThatIsCutShort) {
  Parameters parameters;
  ASSERT_TRUE(parameters.read_record(record));
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(parameters.read_record(Bytes(record).first(size))) << size;
  Buffer other = record;
  other[0] = 2;
  EXPECT_FALSE(parameters.read_record(other));
  EXPECT_FALSE(parameters.read_record(Buffer(30, 0xff)));
  EXPECT_EQ(parameters.units().size(), 3u);
}

TEST(H265, AStartHasItsParameterSetsOnce) {
  Parameters parameters;
  ASSERT_TRUE(parameters.read_record(record));
  Buffer wanted;
  for (const Buffer &unit : {delimiter, vps, sps, pps, key}) h264::put_after_start_code(wanted, unit);
  EXPECT_EQ(access_unit({key}, parameters), wanted);
  EXPECT_EQ(access_unit({delimiter, vps, sps, pps, key}, parameters), wanted);
  Buffer other;
  for (const Buffer &unit : {delimiter, later}) h264::put_after_start_code(other, unit);
  EXPECT_EQ(access_unit({later}, parameters), other);
  EXPECT_TRUE(is_start({key}));
  EXPECT_FALSE(is_start({later}));
}

TEST(H265, NewParameterSetsReplaceOldOnesOfTheirType) {
  Parameters parameters;
  ASSERT_TRUE(parameters.read_record(record));
  const Buffer other{0x44, 1, 0xc1};
  parameters.learn({other, later, Buffer(5000, 0x44)});
  ASSERT_EQ(parameters.units().size(), 3u);
  EXPECT_EQ(parameters.units()[2].size(), other.size());
}

TEST(H265, ItsSizeIsAFact) {
  Buffer picture;
  for (const Buffer &unit : {delimiter, vps, sps, pps, key}) h264::put_after_start_code(picture, unit);
  const auto facts = read_h265(picture);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->width, 64u);
  EXPECT_EQ(facts->height, 64u);
  EXPECT_EQ(facts->chroma, 1u);
  EXPECT_EQ(facts->bits, 8u);
  for (std::size_t size = 0; size < 50; ++size) EXPECT_FALSE(read_h265(Bytes(picture).first(size)));
}

}  // namespace
}  // namespace astral::formats::h265
