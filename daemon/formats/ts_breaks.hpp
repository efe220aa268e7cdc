// SPDX-License-Identifier: BSD-3-Clause
// Where a stream of MPEG-TS stops to go on: its clock jumps, or the parameters of a codec change. A
// multiplexer that takes neither begins again there. Pure; the input is not trusted.
#pragma once

#include <optional>

#include "formats/parameter_watch.hpp"
#include "formats/ts_frames.hpp"
#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::formats {

class TsBreaks {
 public:
  // A larger step than the time that has passed is a jump; so is a larger step back.
  static constexpr Time gap = 3s, back = 500ms, longest_pause = 15s;

  void set_hevc(bool is_hevc) { parameters_.set_hevc(is_hevc); }
  // Whether this piece of whole packets begins something else. `pts`: on a clock that does not jump.
  bool is_break(Bytes piece, Time pts);

 private:
  FrameFinder frames_;
  ParameterWatch parameters_;
  std::optional<Time> newest_;  // of a frame, on the clock of the media
  Time newest_pts_{};
};

}  // namespace astral::formats
