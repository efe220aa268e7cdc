// SPDX-License-Identifier: BSD-3-Clause
// Reads and corrects what a multiplexer of fragmented MP4 writes (ISO/IEC 14496-12): which bytes are the
// initialization segment, which are a fragment, and when a fragment is decoded. Pure; the input is not
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/timeline.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::formats::mp4 {

struct Track {
  std::uint32_t id = 0;
  std::uint32_t timescale = 0;  // ticks per second: 1 to a million
  Kind kind = Kind::video;
};

Time time_of(std::uint64_t ticks, const Track &track);

// The video and audio tracks of an initialization segment (ftyp and moov).
std::vector<Track> read_init(Bytes init);

// The initialization segment, with what mp4mux of GStreamer 1.22 writes wrongly: the configuration of AV1 if
// it has none, which is `av1` (the content of an av1C box; may be empty); of VP9 the level, without which
// browsers refuse it; and of Opus the samples to skip, which are none, because viewers join in the middle,
// and the rate.
std::vector<std::uint8_t> repair_init(Bytes init, Bytes av1);

// What a moof says of the first sample of its first track.
struct Fragment {
  std::uint32_t track = 0;
  std::uint64_t decoded = 0;  // ticks of the track's timescale
  std::int64_t shown = 0;     // ticks from decoding until it is shown
  bool is_sync = false;       // a decoder can start with it
};
// None: it does not begin with a moof of one track with a time.
std::optional<Fragment> read_fragment(Bytes fragment);

// Whether a decoder can start with this fragment of a video track.
bool is_key_picture(Bytes fragment, const std::vector<Track> &tracks);

// The fragment decoded at another time. **Why**: mp4mux lets each track begin at 0, so that picture and sound
// lose the distance that they have. Says too that its offsets count from the moof, as browsers want (ISO/IEC
// 14496-12, 8.8.7.1). Requires that read_fragment() reads it.
std::vector<std::uint8_t> with_time(Bytes fragment, std::uint64_t decoded);

// An initialization segment, or a fragment: moof and mdat.
struct Unit {
  bool is_init = false;
  std::vector<std::uint8_t> bytes = {};
};

// Cuts a stream of boxes into units. Leaves out boxes that are neither.
class Cutter {
 public:
  static constexpr std::size_t largest = 16 << 20;  // bytes of a unit

  // `bytes` may end within a box. **Errors**: invalid: this is no MP4, or a unit is too large; push() must
  // not follow.
  Expected<std::vector<Unit>> push(Bytes bytes);

 private:
  std::vector<std::uint8_t> waiting_;  // the begin of a box whose end has not come
  Unit unit_;                          // ftyp, or moof; its second box has not come
};

// Gives the fragments of a multiplexer the times that the frames had before it.
class Clock {
 public:
  // When the first frame of each track is shown, in the order of Kind; before the multiplexer.
  struct Starts {
    std::optional<Time> video = {}, audio = {};
  };
  // Earlier by this than the first frame is shown, it may be decoded.
  static constexpr Time lead = 10s;

  struct Piece {
    std::vector<std::uint8_t> bytes;
    Kind kind = Kind::video;
    Time decoded{};  // of the first sample; `lead` later than before the multiplexer
    bool is_start = false;
  };

  void set_init(Bytes init);
  const std::vector<Track> &tracks() const { return tracks_; }
  // None: it is of no track that the initialization segment announces, or has no time.
  std::optional<Piece> correct(Bytes fragment, const Starts &starts);

 private:
  std::vector<Track> tracks_;
  std::optional<std::int64_t> video_shift_, audio_shift_;  // ticks of the track
};

}  // namespace astral::formats::mp4
