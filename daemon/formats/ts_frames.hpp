// SPDX-License-Identifier: BSD-3-Clause
// Finds where frames begin in MPEG-TS, and their times. **Why**: a player cannot show half a frame, and one
// buffer of a publisher may hold several frames or a part of one. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::formats {

struct Frame {
  std::size_t offset = 0;  // of its first packet
  Time time{};             // of decoding; on a clock of its own, which may jump
};

class FrameFinder {
 public:
  // The frames that begin in this piece: of the video track if there is one, else of the audio track. A piece
  // that is not MPEG-TS is one frame at `pts`.
  std::vector<Frame> find(Bytes piece, Time pts);
  bool has_picture() const { return best_ == Kind::picture; }  // whether video has come
  bool has_times() const { return best_ != Kind::none; }       // whether it is MPEG-TS with frames

 private:
  enum class Kind { none, sound, picture };
  struct Start;
  static Start start_of(Bytes packet);
  Time time_of(std::int64_t ticks);

  Kind best_ = Kind::none;  // the best kind that has come: picture, then sound
  std::int64_t ticks_ = 0;  // 90 kHz, without the wrap at 33 bits
};

}  // namespace astral::formats
