// SPDX-License-Identifier: BSD-3-Clause
// Where frames begin in MPEG-TS, and when: a player shows nothing of one that it has half, and what a
// publisher calls one buffer may be many frames or a piece of one. Pure.
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
  Time time{};             // when it is decoded; on a clock of its own, which may jump
};

class FrameFinder {
 public:
  // The frames that begin in this piece: of the picture where there is one, else of sound. What is no MPEG-TS
  // is one frame, at `pts`.
  std::vector<Frame> find(Bytes piece, Time pts);
  bool has_picture() const { return best_ == Kind::picture; }  // so far

 private:
  enum class Kind { none, sound, picture };
  struct Start;
  static Start start_of(Bytes packet);
  Time time_of(std::int64_t ticks);

  Kind best_ = Kind::none;  // that has come
  std::int64_t ticks_ = 0;  // of 90 kHz, not folded at 33 bits
};

}  // namespace astral::formats
