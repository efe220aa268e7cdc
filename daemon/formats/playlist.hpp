// SPDX-License-Identifier: BSD-3-Clause
// The HLS window of one stream: where segments are cut, which are kept, what the playlist says
// (RFC 8216; parts of segments: RFC 8216bis).
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

#include "formats/hls_request.hpp"
#include "formats/ts_frames.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::formats {

using WallTime = std::chrono::system_clock::time_point;

// What the window may hold. Lengths are media time.
struct HlsLimits {
  Time shortest =
      900ms;           // a group's start ends a segment of this length; below 1 s: groups of 1 s have jitter
  Time longest = 10s;  // before the target duration is known: cut anywhere beyond
  Time gap = 3s;       // a larger step of the timestamps, forth or back, is a discontinuity
  std::size_t ready = 2;  // segments before there is a playlist; their lengths set EXT-X-TARGETDURATION
  // Segments in the playlist; more while that is less than three target durations. Six can never be skipped.
  std::size_t listed = 9;
  std::size_t kept = 3;                  // segments that have left the playlist and can still be fetched
  std::size_t bytes = 64 << 20;          // all segments together
  std::size_t segment_bytes = 16 << 20;  // one segment; cut anywhere beyond
  std::size_t header_bytes = 64 << 10;   // the stream's header
  Time usual_part = 250ms;               // whole frames next to this
  Time longest_part = 1s;                // beyond, there are no parts
};

// One object of the stream, in order.
struct Piece {
  std::uint64_t group = 0;
  Time pts{};  // of the stream's own timeline, from any zero
  Slice bytes;
  bool broken = false;  // does not continue what came before it (GStreamer's DISCONT)
};

// What can be had of a segment before it is complete. It begins where the one before it ends.
struct Part {
  std::size_t end = 0;  // one past its last piece
  Time duration{};
  bool independent = false;  // a group begins in it
};

struct Segment {
  std::uint64_t sequence = 0;
  Time duration{};
  WallTime begun{};
  std::size_t size = 0;
  bool discontinuity = false;  // before it
  bool independent = true;     // starts a group
  std::vector<Slice> pieces;
  std::vector<Part> parts;
};

// **Thread**: one. **Errors**: push() has none; where there is no room, the oldest segments go.
class HlsWindow {
 public:
  // `first_sequence`: above those of an earlier window of the stream, so that its players go on (the wall
  // clock's seconds are, as segments last about one).
  explicit HlsWindow(std::uint64_t first_sequence = 0, const HlsLimits &limits = {});

  // PAT and PMT, put before each segment that does not begin with a PAT. One that is too large is not used.
  void set_header(Slice header);
  // Group ids that do not count up by one are a discontinuity: something is missing, or another publisher.
  // Returns whether the playlist says more than before.
  bool push(Piece piece, WallTime wall);
  // The next piece does not continue the last one, whatever its numbers say.
  void mark_discontinuity() { marked_ = true; }

  bool ready() const { return target_ > Time::zero(); }
  // unreachable: not yet. invalid: for longer than anybody waits.
  Expected<std::string> playlist(const PlaylistQuery &query) const;
  std::string playlist(bool may_skip = false) const;  // as it is; empty until ready
  Expected<Segment> segment(std::uint64_t sequence) const;
  // unreachable: the next one, which comes.
  Expected<std::vector<Slice>> part(const PartId &part) const;
  // How long one may wait for what comes next (RFC 8216bis, 6.2.5.2).
  Time patience() const { return 3 * target_; }
  std::size_t size() const { return size_; }  // bytes held, the unfinished segment's too

 private:
  bool is_discontinuity(const Piece &piece) const;
  bool is_cut(const Piece &piece) const;
  void cut(Time end, Time frame_end);
  void cut_part(Time end);
  void take(Slice bytes);
  void take(const Slice &piece, const std::vector<Frame> &frames, bool is_start);
  void learn_frame(Time time);
  void choose_part_target();
  void begin(const Piece &piece, bool discontinuity, WallTime wall);
  void end_group(Time end);
  void choose_target();
  void unlist_old();
  void drop_first();
  bool is_there(const PartId &part) const;
  std::size_t skippable() const;
  std::string playlist_head(std::size_t skipped) const;
  bool has_parts() const { return part_target_ > Time::zero(); }
  const Segment *find(std::uint64_t sequence) const;
  Time limit() const;
  std::uint64_t complete() const { return next_sequence_ - (open_ ? 1 : 0); }  // one past the last complete

  const HlsLimits limits_;
  std::uint64_t next_sequence_;
  std::uint64_t discontinuities_gone_ = 0;
  Time target_{};  // whole seconds; once it is known it stays (RFC 8216, 6.2.1)
  FrameFinder frames_;
  Time frame_time_{};  // of the newest, on the finder's clock
  Time frame_step_{};
  Time part_target_{};             // whole milliseconds, known with the former; zero: no parts
  std::vector<Time> frame_steps_;  // until then
  Slice header_;
  std::deque<Segment> segments_;  // complete, consecutive
  std::size_t unlisted_ = 0;      // how many of the first are not in the playlist any more
  std::size_t size_ = 0;

  std::optional<Segment> open_;
  Time open_pts_{};    // the first of the open segment
  Time part_begin_{};  // of its open part, on the finder's clock
  bool part_has_start_ = false;
  Time last_pts_{};  // of the newest piece
  Time step_{};      // between the two newest pieces
  bool marked_ = false;
  std::optional<std::uint64_t> group_;
  Time group_pts_{};
  Time usual_group_{};  // a fading maximum of the groups' lengths
};

}  // namespace astral::formats
