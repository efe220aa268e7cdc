// SPDX-License-Identifier: BSD-3-Clause
// Which codecs the ways to watch carry, and which pictures browsers decode: the one place that knows. MPEG-TS
// (live.ts, and astralsrc) carries whatever the publisher sends. Pure.
#pragma once

#include <string>
#include <vector>

#include "formats/facts.hpp"

namespace astral::formats {

struct LeftOut {
  bool is_video = false;
  std::vector<std::string> formats = {};  // that play without this track: "hls", "flv", "rtmp", "whep"
  std::string text = {};                  // a sentence: what, where, and what to send instead
  bool operator==(const LeftOut &) const = default;
};

// The tracks that viewers of some formats miss, or that browsers do not decode.
std::vector<LeftOut> left_out(const Facts &facts);

bool is_carried_by_all(const std::string &codec);

// "H.264" for "h264"; an unknown codec has its own name.
std::string codec_name(const std::string &codec);

}  // namespace astral::formats
