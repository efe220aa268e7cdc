// SPDX-License-Identifier: BSD-3-Clause
// The HLS window of one stream: where segments are cut, which are kept, what the playlist says
// (RFC 8216; parts of segments: RFC 8216bis).
// Pure: no clock, no GStreamer; bytes are shared, never copied.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hls_request.hpp"
#include "formats/parameter_watch.hpp"
#include "formats/ts_frames.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::formats {

using WallTime = std::chrono::system_clock::time_point;

// What the window may hold. Lengths are media time.
struct HlsLimits {
  Time shortest =
      900ms;           // a new group ends a segment that is this long; below 1 s, as 1 s groups have jitter
  Time longest = 10s;  // until the target duration is known, a segment is cut anywhere after this
  // If no second group has begun after this time, segments are cut by time too, with this target duration:
  // the publisher sends few key frames or none.
  Time patience = 2500ms;
  Time by_time = 4s;
  Time gap = 3s;      // a larger step of the timestamps than the time that has passed is a discontinuity
  Time back = 500ms;  // so is a larger step back
  Time longest_pause = 15s;  // of a track, as the timestamps of the pieces tell it
  std::size_t ready = 2;     // segments before there is a playlist; their lengths set EXT-X-TARGETDURATION
  Time enough = 1900ms;      // or one group of this length
  // Segments in the playlist; more if these last less than three targets, or less than `dvr`, in which a
  // viewer may rewind. A delta update has the last six.
  std::size_t listed = 9;
  Time dvr{};
  std::size_t dvr_bytes = 64 << 20;      // more than `listed` only as long as the listed ones have no more
  // A segment that has left the playlist can still be fetched for as long as the playlist and itself last
  // (RFC 8216, 6.2.2); beyond `dvr_bytes` only the last `kept` ones.
  std::size_t kept = 3;
  std::size_t bytes = 64 << 20;          // all segments together
  std::size_t segment_bytes = 16 << 20;  // one segment; a longer one is cut anywhere
  std::size_t header_bytes = 64 << 10;   // the stream's header
  Time usual_part = 250ms;               // a part is about this long, in whole frames
  Time longest_part = 1s;                // if parts would be longer, there are none
};

// One object of the stream, in order.
struct Piece {
  std::uint64_t group = 0;
  Time pts{};  // on the stream's own timeline, which may start anywhere
  Slice bytes;
  bool broken = false;  // does not continue what came before it (GStreamer's DISCONT)
};

// A part of a segment can be fetched before the segment is complete. It begins where the last one ends.
struct Part {
  std::size_t end = 0;  // index of the piece after its last one
  Time duration{};
  bool independent = false;  // a group starts in it
};

struct Segment {
  std::uint64_t sequence = 0;
  // The number of the initialization segment before it (set_init); none: it is MPEG-TS.
  std::optional<std::uint64_t> init = {};
  Time duration{};
  WallTime begun{};
  std::size_t size = 0;
  bool discontinuity = false;  // between the previous segment and this one
  bool independent = true;     // begins with the start of a group
  std::vector<Slice> pieces;
  std::vector<Part> parts;
};

// **Thread**: one. **Errors**: push() has none; when there is no room, it drops the oldest segments.
class HlsWindow {
 public:
  // `first_sequence` must be above those of an earlier window of this stream, so that its players continue.
  // The wall clock in seconds is, because segments last about one second or longer.
  explicit HlsWindow(std::uint64_t first_sequence = 0, const HlsLimits &limits = {});

  // PAT and PMT, put before each segment that does not begin with a PAT. Ignores a header that is too large.
  void set_header(Slice header);
  // The next pieces are fragments of MP4 that need this initialization segment. Empty: they are MPEG-TS. They
  // begin a new segment, after a discontinuity.
  void set_init(Slice init);
  // A step of the group id by more than one is a discontinuity: media is missing, or the publisher
  // restarted. So is a step of the media's own clock, and a change of the codecs' parameters (RFC 8216,
  // 4.3.2.3). The clock of the media is that of MPEG-TS or of the fragments; other pieces have only
  // `pts`. Returns whether the
  // playlist has grown.
  bool push(Piece piece, WallTime wall);
  // The next piece does not continue the last one, whatever its group id says.
  void mark_discontinuity() { marked_ = true; }

  // Replaces dvr_bytes: streams share what the node may keep.
  void limit_dvr(std::size_t bytes) { dvr_bytes_ = bytes; }

  // The stream has ended: the last segment is complete, and the playlist says so. push() must not follow.
  void end();

  bool ready() const { return target_ > Time::zero(); }
  // unreachable: not there yet. invalid: too far in the future to wait for.
  Expected<std::string> playlist(const PlaylistQuery &query) const;
  std::string playlist(bool may_skip = false) const;  // as it is now; empty until ready()
  Expected<Segment> segment(std::uint64_t sequence) const;
  Expected<Slice> init(std::uint64_t number) const;  // the initialization segment of that number
  // The newest fragment of MP4 that a decoder can start with, after its initialization segment. Empty: none.
  std::vector<Slice> key_fragment() const;
  // unreachable: it is the next part, which has not come yet.
  Expected<std::vector<Slice>> part(const PartId &part) const;
  // How long a request may wait for the next segment or part (RFC 8216bis, 6.2.5.2).
  Time patience() const { return 3 * target_; }
  std::size_t size() const { return size_; }  // bytes, with those of the unfinished segment

 private:
  bool is_discontinuity(const Piece &piece, const std::vector<Frame> &frames, WallTime wall) const;
  bool has_clock_jumped(const Piece &piece, const std::vector<Frame> &frames, WallTime wall) const;
  bool is_cut(const Piece &piece, Time time) const;
  Time time_of(const Piece &piece, const std::vector<Frame> &frames) const;
  void cut(Time end, Time frame_end);
  void cut_part(Time end);
  void take(Slice bytes);
  void take(const Slice &piece, const std::vector<Frame> &frames, bool is_start);
  void learn_frame(Time time);
  void choose_part_target();
  void begin(const Piece &piece, Time time, bool discontinuity, WallTime wall);
  void end_group(Time end);
  void open_early(Time least_target);
  void choose_target(Time least = {});
  void unlist_old();
  void drop_unlisted(Time playlist);
  void drop_first();
  bool is_there(const PartId &part) const;
  std::size_t skippable() const;
  std::string playlist_head(std::size_t skipped) const;
  bool has_parts() const { return part_target_ > Time::zero(); }
  const Segment *find(std::uint64_t sequence) const;
  Time limit() const;
  std::size_t most_bytes() const;
  std::uint64_t complete() const { return next_sequence_ - (open_ ? 1 : 0); }  // after the last complete one

  const HlsLimits limits_;
  std::size_t dvr_bytes_;
  std::uint64_t next_sequence_;
  std::uint64_t discontinuities_gone_ = 0;
  Time target_{};  // whole seconds; never changes once it is known (RFC 8216, 6.2.1)
  FrameFinder frames_;
  Time frame_time_{};  // the newest frame's, on the clock of the media
  Time frame_step_{};
  Time part_target_{};             // whole milliseconds, known when target_ is; zero: no parts
  std::vector<Time> frame_steps_;  // seen until then
  Slice header_;
  Slice init_;                                // of the next pieces; empty: they are MPEG-TS
  std::optional<std::uint64_t> init_number_;  // none: no segment has begun with it yet
  std::map<std::uint64_t, Slice> inits_;      // of the segments that are kept
  std::deque<Segment> segments_;  // complete, consecutive
  std::size_t unlisted_ = 0;      // how many of the first have left the playlist
  std::size_t size_ = 0;

  std::optional<Segment> open_;
  Time open_time_{};   // of the open segment's first piece
  Time part_begin_{};  // of its open part
  bool part_has_start_ = false;
  Time last_pts_{};   // the newest piece's
  Time last_time_{};  // the same on the clock of the media
  Time step_{};       // between the two newest pieces
  bool has_frame_ = false;
  WallTime last_frame_wall_{};  // when the newest frame came, and its piece's timestamp
  Time last_frame_pts_{};
  ParameterWatch parameters_;
  bool are_parameters_new_ = false;  // since the last group began
  bool marked_ = false;
  bool has_ended_ = false;
  std::optional<std::uint64_t> group_;
  Time group_time_{};
  Time usual_group_{};  // a decaying maximum of the groups' lengths
};

}  // namespace astral::formats
