// SPDX-License-Identifier: BSD-3-Clause
#include "formats/facts.hpp"

#include <cmath>
#include <utility>

#include "formats/carriage.hpp"

namespace astral::formats {

std::vector<std::string> warnings_of(const Facts &facts) {
  std::vector<std::string> warnings;
  if (facts.video && facts.video->keyframe_seconds > good_keyframe_seconds)
    warnings.push_back("Keyframes are " + std::to_string(std::lround(facts.video->keyframe_seconds)) +
                       " s apart, so viewers may wait that long for a picture; 1 or 2 s are good");
  if (facts.video && facts.video->has_b_frames)
    warnings.push_back(
        "The video has B-frames: browsers cannot play them by WebRTC and use slower ways to watch");
  for (LeftOut &lost : left_out(facts)) warnings.push_back(std::move(lost.text));
  return warnings;
}

}  // namespace astral::formats
