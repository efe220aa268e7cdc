// SPDX-License-Identifier: BSD-3-Clause
// What is known of a stream's picture and sound, and what of it hurts who watches. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace astral::formats {

struct VideoFacts {
  std::string codec;   // "h264"
  unsigned width = 0;  // pixels; 0: not known, as of every number here
  unsigned height = 0;
  unsigned frames = 0;  // in as many seconds as the next one says
  unsigned seconds = 0;
  double keyframe_seconds = 0;  // from one to the next, at most
  bool has_b_frames = false;
  bool operator==(const VideoFacts &) const = default;
};

struct AudioFacts {
  std::string codec;  // "aac"
  unsigned rate = 0;  // Hz
  unsigned channels = 0;
  bool operator==(const AudioFacts &) const = default;
};

struct Facts {
  std::optional<VideoFacts> video;
  std::optional<AudioFacts> audio;
  bool operator==(const Facts &) const = default;
};

constexpr double good_keyframe_seconds = 4;

std::vector<std::string> warnings_of(const Facts &facts);  // for people

}  // namespace astral::formats
