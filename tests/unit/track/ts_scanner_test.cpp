// SPDX-License-Identifier: BSD-3-Clause
#include "track/ts_scanner.hpp"

#include <gtest/gtest.h>

#include <random>

#include "ts_builder.hpp"

namespace astral::track::test {
namespace {

using Kind = TsScanner::Kind;
constexpr std::uint8_t h264 = 0x1b, h265 = 0x24, mpeg2 = 0x02, aac = 0x0f, unknown = 0x06;

TsScanner with_tables(std::uint8_t video_type) {
  TsScanner scanner;
  EXPECT_EQ(scanner.classify(pat()), Kind::table);
  EXPECT_EQ(scanner.classify(pmt({{aac, audio_pid}, {video_type, video_pid}})), Kind::table);
  return scanner;
}

TEST(TsScanner, NothingIsAStartBeforeTheTables) {
  TsScanner scanner;
  EXPECT_EQ(scanner.classify(video_key()), Kind::neutral);
  EXPECT_EQ(scanner.classify(audio()), Kind::neutral);
  EXPECT_TRUE(scanner.tables().empty());
}

TEST(TsScanner, FindsKeyFramesByTheirNalUnits) {
  struct Row {
    std::uint8_t type;
    std::initializer_list<std::uint8_t> start;
    Kind kind;
  };
  const Row rows[] = {
      {h264, {0, 0, 1, 0x67, 0}, Kind::sync},   // SPS
      {h264, {0, 0, 1, 0x65, 0}, Kind::sync},   // IDR slice
      {h264, {0, 0, 1, 0x41, 0}, Kind::delta},  // P slice
      {h264, {0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x67, 0}, Kind::sync},
      {h265, {0, 0, 1, 0x40, 1}, Kind::sync},   // VPS
      {h265, {0, 0, 1, 0x26, 1}, Kind::sync},   // IDR_W_RADL
      {h265, {0, 0, 1, 0x02, 1}, Kind::delta},  // TRAIL_R
      {mpeg2, {0, 0, 1, 0xb3, 1}, Kind::sync},
      {mpeg2, {0, 0, 1, 0x00, 1}, Kind::delta},
  };
  for (const Row &row : rows) {
    TsScanner scanner = with_tables(row.type);
    EXPECT_EQ(scanner.classify(packet(video_pid, true, pes(row.start))), row.kind) << int(row.type);
  }
}

TEST(TsScanner, UsesTheRandomAccessIndicatorOfVideoOnly) {
  TsScanner scanner = with_tables(h264);
  EXPECT_EQ(scanner.classify(packet(video_pid, true, pes({0, 0, 1, 0x41}), true)), Kind::sync);
  EXPECT_EQ(scanner.classify(packet(audio_pid, true, pes({0xff, 0xf1}), true)), Kind::neutral);
  EXPECT_EQ(scanner.classify(video_rest()), Kind::delta);
}

TEST(TsScanner, EveryPesIsAStartIfThereIsNoVideo) {
  TsScanner scanner;
  scanner.classify(pat());
  scanner.classify(pmt({{aac, audio_pid}, {unknown, 0x50}}));
  EXPECT_EQ(scanner.classify(audio()), Kind::sync);
  EXPECT_EQ(scanner.classify(packet(audio_pid, false, std::vector<std::uint8_t>(184, 1))), Kind::neutral);
}

TEST(TsScanner, KeepsTheNewestTablesAndCountsTheirChanges) {
  TsScanner scanner = with_tables(h264);
  const std::uint64_t version = scanner.version();
  std::vector<std::uint8_t> expected = pat();
  append(expected, pmt({{aac, audio_pid}, {h264, video_pid}}));
  EXPECT_EQ(scanner.tables(), expected);
  Packet again = pmt({{aac, audio_pid}, {h264, video_pid}});
  again[3] |= 0x05;  // only the continuity counter changes
  scanner.classify(again);
  EXPECT_EQ(scanner.version(), version);
  scanner.classify(pmt({{aac, audio_pid}, {h265, video_pid}}, 1));
  EXPECT_GT(scanner.version(), version);
}

TEST(TsScanner, ReadsArbitraryBytesSafely) {
  std::mt19937 random(7);
  TsScanner scanner;
  const Packet seeds[] = {pat(), pmt({{h264, video_pid}, {aac, audio_pid}}), video_key(), audio(),
                          video_rest()};
  for (int round = 0; round < 200'000; ++round) {
    Packet bytes = seeds[random() % 5];
    for (int flips = static_cast<int>(random() % 6); flips > 0; --flips)
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    scanner.classify(bytes);
    ASSERT_LE(scanner.tables().size(), 2 * (TsScanner::max_table_packets + 1) * TsScanner::packet_size);
  }
}

}  // namespace
}  // namespace astral::track::test
