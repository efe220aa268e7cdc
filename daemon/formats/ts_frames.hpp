// SPDX-License-Identifier: BSD-3-Clause
// Finds where frames begin in MPEG-TS or in fragments of MP4, and their times. **Why**: a player cannot show
// half a frame, and one buffer of a publisher may hold several frames or a part of one. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/mp4.hpp"
#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::formats {

struct Frame {
  std::size_t offset = 0;  // of its first packet
  Time time{};             // of decoding; on a clock of its own, which may jump
};

class FrameFinder {
 public:
  // The next pieces are fragments that belong to this initialization segment. Empty: MPEG-TS.
  void set_init(Bytes init);
  // The frames that begin in this piece: of the video track if there is one, else of the audio track. A piece
  // that is neither MPEG-TS nor a fragment is one frame at `pts`.
  std::vector<Frame> find(Bytes piece, Time pts);
  bool has_picture() const { return best_ == Kind::picture; }  // whether video has come
  bool has_times() const { return best_ != Kind::none; }       // whether frames with times have come
  bool are_fragments() const { return !tracks_.empty(); }
  const std::vector<mp4::Track> &tracks() const { return tracks_; }  // of the fragments

 private:
  enum class Kind { none, sound, picture };
  struct Start;
  static Start start_of(Bytes packet);
  Time time_of(std::int64_t ticks);
  std::vector<Frame> find_in_fragment(Bytes piece);

  Kind best_ = Kind::none;  // the best kind that has come: picture, then sound
  std::int64_t ticks_ = 0;  // 90 kHz, without the wrap at 33 bits
  std::vector<mp4::Track> tracks_;
};

}  // namespace astral::formats
