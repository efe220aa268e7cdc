// SPDX-License-Identifier: BSD-3-Clause
// What is known about a stream's video and audio, and warnings about what makes it play badly. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace astral::formats {

struct VideoFacts {
  std::string codec;          // "h264"
  bool is_by_mpegts = false;  // it has come in MPEG-TS
  unsigned width = 0;  // pixels; in all numbers here 0 means unknown
  unsigned height = 0;
  unsigned frames = 0;  // the frame rate is frames / seconds
  unsigned seconds = 0;
  double keyframe_seconds = 0;  // the longest distance between key frames
  bool has_b_frames = false;
  static constexpr unsigned usual_chroma = 1, usual_bits = 8;
  unsigned chroma = usual_chroma;  // chroma_format_idc: 0 is grey, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4
  unsigned bits = usual_bits;      // of a sample, the larger of luma and chroma
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
  unsigned video_tracks = 0;  // in all; the facts are about the one that players get
  unsigned audio_tracks = 0;
  bool operator==(const Facts &) const = default;
};

constexpr double good_keyframe_seconds = 4;

std::vector<std::string> warnings_of(const Facts &facts);  // sentences for the publisher

}  // namespace astral::formats
