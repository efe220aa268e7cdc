// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_breaks.hpp"

#include <algorithm>
#include <vector>

namespace astral::formats {

bool TsBreaks::is_break(Bytes piece, Time pts) {
  bool is_break = parameters_.has_changed(piece);
  const std::vector<Frame> frames = frames_.find(piece, pts);
  if (frames.empty() || !frames_.has_times()) return is_break;
  if (newest_) {
    const Time step = frames.front().time - *newest_;
    const Time passed = std::clamp(pts - newest_pts_, Time{}, longest_pause);
    is_break = is_break || step < -back || step > passed + gap;
  }
  newest_ = frames.back().time;
  newest_pts_ = pts;
  return is_break;
}

}  // namespace astral::formats
