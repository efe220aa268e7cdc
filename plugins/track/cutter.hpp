// SPDX-License-Identifier: BSD-3-Clause
// Decides where a publisher's buffers start a group, that is where a decoder can start: by the buffers'
// flags; in an MPEG transport stream by its packets, which may cross buffers; by time where every buffer is a
// possible start.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "track/timing.hpp"
#include "track/ts_scanner.hpp"

namespace astral::track {

// Whether buffer boundaries of a media type matter.
enum class Packaging {
  mpegts,       // a byte stream of 188-byte packets
  byte_stream,  // a container whose parsers ignore buffer boundaries
  buffers,      // each buffer is one unit and must arrive as one
};
Packaging packaging_of(std::string_view media_type);  // from caps: "video/mpegts", "video/x-h264"

struct Piece {
  Bytes data;  // valid until the next push()
  Timing timing;
  bool starts_group = false;
};

// **Thread**: one. Drops and counts the bytes before the first place where a decoder can start.
class Cutter {
 public:
  // The length of a group if every buffer is a possible start (audio).
  static constexpr std::int64_t timed_group = 1'000'000'000;  // ns
  // After this time without a possible start, a transport stream is cut by time too.
  static constexpr std::int64_t patience = 5'000'000'000;  // ns
  static constexpr std::size_t max_held = 64 * TsScanner::packet_size;

  explicit Cutter(Packaging packaging) : packaging_(packaging) {}

  // `timing.pts` must be set: the media time, or the arrival time if the buffer has none.
  void push(Bytes data, const Timing &timing, std::vector<Piece> &out);
  // At the end of the stream: outputs what is still held back.
  void finish(std::vector<Piece> &out);
  std::uint64_t dropped_bytes() const { return dropped_; }
  // MPEG-TS only: the tables that a decoder needs first, and the number of their changes.
  std::vector<std::uint8_t> tables() const { return scanner_.tables(); }
  std::uint64_t tables_version() const { return scanner_.version(); }
  // Adds tables that are known from elsewhere: the caps' streamheader.
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
  std::vector<std::uint8_t> held_;      // tables and the incomplete packet
  std::vector<std::uint8_t> released_;  // the earlier `held_`, while a piece points to it
  Timing held_timing_;
  std::uint64_t dropped_ = 0;
};

}  // namespace astral::track
