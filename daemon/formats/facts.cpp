// SPDX-License-Identifier: BSD-3-Clause
#include "formats/facts.hpp"

#include <cmath>

namespace astral::formats {

std::vector<std::string> warnings_of(const Facts &facts) {
  std::vector<std::string> warnings;
  if (facts.video && facts.video->keyframe_seconds > good_keyframe_seconds)
    warnings.push_back("Keyframes are " + std::to_string(std::lround(facts.video->keyframe_seconds)) +
                       " s apart: who joins waits so long for a picture; 1 or 2 s are good");
  if (facts.video && facts.video->has_b_frames)
    warnings.push_back(
        "The picture has B-frames: browsers cannot show them by WebRTC, and are further behind live");
  if (facts.audio && facts.audio->codec != "aac")
    warnings.push_back("The sound is not AAC: many players, and browsers, play none");
  return warnings;
}

}  // namespace astral::formats
