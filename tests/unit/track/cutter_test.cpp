// SPDX-License-Identifier: BSD-3-Clause
#include "track/cutter.hpp"

#include <gtest/gtest.h>

#include <random>

#include "ts_builder.hpp"

namespace astral::track::test {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::uint8_t h264 = 0x1b, aac = 0x0f;

Timing at(std::int64_t pts, bool delta = false) {
  Timing timing;
  timing.pts = pts;
  timing.delta = delta;
  return timing;
}

using Groups = std::vector<std::vector<std::uint8_t>>;

struct Cut {
  explicit Cut(Packaging packaging) : cutter(packaging) {}
  void push(Bytes bytes, const Timing &timing) {
    std::vector<Piece> pieces;
    cutter.push(bytes, timing, pieces);
    take(pieces);
  }
  void finish() {
    std::vector<Piece> pieces;
    cutter.finish(pieces);
    take(pieces);
  }
  void take(const std::vector<Piece> &pieces) {
    for (const Piece &piece : pieces) {
      if (piece.starts_group) groups.emplace_back();
      ASSERT_FALSE(groups.empty()) << "bytes before the first group";
      groups.back().insert(groups.back().end(), piece.data.begin(), piece.data.end());
    }
  }
  Cutter cutter;
  Groups groups;
};

TEST(Cutter, DerivesThePackagingFromTheMediaType) {
  EXPECT_EQ(packaging_of("video/mpegts"), Packaging::mpegts);
  EXPECT_EQ(packaging_of("video/x-matroska"), Packaging::byte_stream);
  EXPECT_EQ(packaging_of("video/x-flv"), Packaging::byte_stream);
  EXPECT_EQ(packaging_of("video/x-h264"), Packaging::buffers);
}

TEST(Cutter, StartsAGroupAtEachBufferThatIsNotADeltaUnit) {
  Cut cut(Packaging::buffers);
  const std::uint8_t bytes[] = {0, 1, 2, 3, 4, 5};
  const bool delta[] = {true, false, true, true, false, true};
  for (std::size_t i = 0; i < 6; ++i)
    cut.push(Bytes(bytes + i, 1), at(static_cast<std::int64_t>(i) * 40 * ms, delta[i]));
  EXPECT_EQ(cut.groups, (Groups{{1, 2, 3}, {4, 5}}));
  EXPECT_EQ(cut.cutter.dropped_bytes(), 1u);
}

TEST(Cutter, CutsByTimeIfEveryBufferIsAPossibleStart) {
  Cut cut(Packaging::buffers);
  const std::uint8_t byte = 9;
  for (int i = 0; i < 150; ++i) cut.push(Bytes(&byte, 1), at(i * 20 * ms));
  ASSERT_EQ(cut.groups.size(), 3u);
  for (const auto &group : cut.groups) EXPECT_EQ(group.size(), 50u);
}

// A stream: junk, then in each second tables, audio, a key frame (with or without tables right before it) and
// deltas.
struct Stream {
  std::vector<std::uint8_t> bytes;
  Groups groups;
};

Stream transport_stream() {
  Stream stream;
  const auto put = [&](const Packet &packet, bool starts) {
    append(stream.bytes, packet);
    if (starts) stream.groups.emplace_back();
    if (!stream.groups.empty()) append(stream.groups.back(), packet);
  };
  const Packet tables = pmt({{h264, video_pid}, {aac, audio_pid}});
  put(video_rest(), false);
  put(audio(), false);
  for (int second = 0; second < 5; ++second) {
    if (second % 2 == 0) {
      put(pat(), true);  // a group begins with the tables right before its key frame
      put(tables, false);
      put(video_key(), false);
    } else {
      put(pat(), false);
      put(tables, false);
      put(audio(), false);
      put(video_key(), true);
    }
    for (int frame = 0; frame < 4; ++frame) {
      put(video_rest(), false);
      put(audio(), false);
      put(video_delta(), false);
    }
    put(pat(), false);
    put(tables, false);
    put(video_rest(), false);
  }
  return stream;
}

TEST(Cutter, FindsTheGroupsOfATransportStreamInBuffersOfAnySize) {
  const Stream stream = transport_stream();
  std::mt19937 random(3);
  for (const std::size_t size : {188u, 1316u, 7u, 100u, 1000u, 65536u, 0u}) {
    Cut cut(Packaging::mpegts);
    Bytes rest(stream.bytes);
    for (std::int64_t pts = 0; !rest.empty(); pts += ms) {
      const std::size_t part = std::min(rest.size(), size != 0 ? size : 1 + random() % 500);
      const std::vector<std::uint8_t> copy(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(part));
      cut.push(copy, at(pts));
      rest = rest.subspan(part);
    }
    cut.finish();
    EXPECT_EQ(cut.groups, stream.groups) << "buffers of " << size;
    EXPECT_EQ(cut.cutter.dropped_bytes(), 2 * 188u);
  }
}

TEST(Cutter, CutsATransportStreamWithoutVideoByTime) {
  Cut cut(Packaging::mpegts);
  std::vector<std::uint8_t> bytes = pat();
  append(bytes, pmt({{aac, audio_pid}}));
  for (int i = 0; i < 100; ++i) {
    append(bytes, audio());
    cut.push(bytes, at(i * 50 * ms));
    bytes.clear();
  }
  ASSERT_EQ(cut.groups.size(), 5u);
  EXPECT_EQ(cut.groups[1].size(), 20 * 188u);
}

TEST(Cutter, CutsByTimeIfNoStartIsFound) {
  Cut cut(Packaging::mpegts);
  for (int i = 0; i < 160; ++i) cut.push(video_rest(), at(i * 50 * ms));  // no tables at all
  EXPECT_EQ(cut.groups.size(), 3u);
}

TEST(Cutter, UsesTheTablesOfTheStreamheader) {
  Cut cut(Packaging::mpegts);
  std::vector<std::uint8_t> tables = pat();
  append(tables, pmt({{h264, video_pid}}));
  cut.cutter.learn_tables(tables);
  cut.push(video_key(), at(0));
  EXPECT_EQ(cut.groups.size(), 1u);
  EXPECT_EQ(cut.cutter.tables(), tables);
}

}  // namespace
}  // namespace astral::track::test
