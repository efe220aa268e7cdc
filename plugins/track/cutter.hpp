// SPDX-License-Identifier: BSD-3-Clause
// Decides where in a publisher's stream of buffers a group starts: where a decoder can. By the buffers' own
// marks; in an MPEG transport stream by its packets, which may lie anywhere in the buffers; by time where
// every place is as good as another.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "track/timing.hpp"
#include "track/ts_scanner.hpp"

namespace astral::track {

// How bytes and buffers of a media type relate.
enum class Packaging {
  mpegts,       // a byte stream of packets of 188 bytes
  byte_stream,  // a container whose parsers do not care for the buffers' bounds
  buffers,      // each buffer is one thing and must arrive as one
};
Packaging packaging_of(std::string_view media_type);  // of caps: "video/mpegts", "video/x-h264"

struct Piece {
  Bytes data;  // valid until the next push()
  Timing timing;
  bool starts_group = false;
};

// Thread: one. Bytes before the first place where a decoder can start are dropped and counted.
class Cutter {
 public:
  // Where every buffer is a place to start (audio), a group is this long.
  static constexpr std::int64_t timed_group = 1'000'000'000;  // ns
  // A transport stream in which no such place was found for so long is cut by time as well.
  static constexpr std::int64_t patience = 5'000'000'000;  // ns
  static constexpr std::size_t max_held = 64 * TsScanner::packet_size;

  explicit Cutter(Packaging packaging) : packaging_(packaging) {}

  // `timing.pts` must be set: media time, or arrival where the buffer has none.
  void push(Bytes data, const Timing &timing, std::vector<Piece> &out);
  // What is still held back at the end of the stream.
  void finish(std::vector<Piece> &out);
  std::uint64_t dropped_bytes() const { return dropped_; }
  // MPEG-TS only: the tables a decoder needs first, and how often they have changed.
  std::vector<std::uint8_t> tables() const { return scanner_.tables(); }
  std::uint64_t tables_version() const { return scanner_.version(); }
  // Tables that are known from elsewhere (the caps' streamheader).
  void learn_tables(Bytes packets);

 private:
  void push_packets(Bytes data, const Timing &timing, std::vector<Piece> &out);
  bool starts_group(TsScanner::Kind kind, std::int64_t pts);
  void emit(Bytes data, const Timing &timing, bool starts, bool in_group, std::vector<Piece> &out);

  const Packaging packaging_;
  TsScanner scanner_;
  bool in_group_ = false;
  bool group_has_delta_ = false;
  bool sync_seen_ = false;
  std::int64_t group_pts_ = 0;
  std::int64_t first_pts_ = -1;
  std::vector<std::uint8_t> held_;      // tables and the packet that is not whole yet
  std::vector<std::uint8_t> released_;  // what `held_` was, while a piece points to it
  Timing held_timing_;
  std::uint64_t dropped_ = 0;
};

}  // namespace astral::track
