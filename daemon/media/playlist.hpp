// SPDX-License-Identifier: BSD-3-Clause
// The HLS window of one stream: where segments are cut, which are kept, what the playlist says (RFC 8216).
// Pure: no clock, no GStreamer; bytes are shared, never copied.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::media {

using WallTime = std::chrono::system_clock::time_point;

// What the window may hold. Lengths are media time.
struct HlsLimits {
  Time shortest = 900ms;  // a group start after this ends the segment; below 1 s, so that jitter in 1 s groups does not join two
  Time gap = 3s;          // a larger step of the timestamps, or one back, is a discontinuity
  std::size_t ready = 2;  // segments before there is a playlist: their lengths set EXT-X-TARGETDURATION
  std::size_t listed = 6;  // segments in the playlist; more while that is less than three target durations
  std::size_t kept = 3;    // segments that have left the playlist and can still be fetched
  std::size_t bytes = 64 << 20;          // all segments together
  std::size_t segment_bytes = 16 << 20;  // one segment; cut anywhere beyond
  std::size_t header_bytes = 64 << 10;   // the stream's header
};

// One object of the stream, in order.
struct Piece {
  std::uint64_t group = 0;
  std::optional<Time> pts;
  Slice bytes;
  bool broken = false;  // does not continue what came before it (GStreamer's DISCONT)
};

struct Segment {
  std::uint64_t sequence = 0;
  Time duration{};
  WallTime begun{};
  std::size_t size = 0;
  bool discontinuity = false;  // before it
  bool independent = true;     // starts a group
  std::vector<Slice> parts;
};

// "41.ts", relative to the playlist, and back. Anything else is nothing.
std::string segment_name(std::uint64_t sequence);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);

// **Thread**: one. **Errors**: none from push(); what does not fit makes older segments go.
class HlsWindow {
 public:
  // `first_sequence`: higher than any of an earlier window of the stream, so that players go on (the wall clock's seconds do).
  explicit HlsWindow(std::uint64_t first_sequence = 0, const HlsLimits &limits = {});

  // PAT and PMT, put before each segment that does not begin with a PAT. A header that is too large is not used.
  void set_header(Slice header);
  void push(Piece piece, WallTime wall);
  // The next piece does not continue the last one: another publisher, another multiplexer.
  void mark_discontinuity();

  bool ready() const { return target_ > Time::zero(); }
  std::string playlist() const;  // empty until ready
  Expected<Segment> segment(std::uint64_t sequence) const;
  std::size_t size() const { return size_; }  // bytes held, the open segment's too

 private:
  bool must_cut(const Piece &piece, bool starts_group) const;
  void cut(std::optional<Time> next_pts);
  void begin(const Piece &piece, bool starts_group, WallTime wall);
  void note_timestamp(const Piece &piece);
  void choose_target();
  void drop_old();
  std::size_t listed_from() const;

  const HlsLimits limits_;
  std::uint64_t next_sequence_;
  std::uint64_t discontinuities_gone_ = 0;  // EXT-X-DISCONTINUITY-SEQUENCE
  Time target_{};                           // whole seconds; fixed once there is a playlist
  Slice header_;
  std::deque<Segment> segments_;
  std::size_t listed_begin_ = 0;  // index into segments_: those before it are kept, not listed
  std::size_t size_ = 0;

  Segment open_;
  bool is_open_ = false;
  bool broken_ = false;
  std::optional<std::uint64_t> group_;
  std::optional<Time> open_pts_;   // of the open segment's first timestamp
  std::optional<Time> last_pts_;   // the newest in the open segment
  std::optional<Time> group_pts_;  // of the current group's first timestamp
  Time longest_group_{};
};

}  // namespace astral::media
