// SPDX-License-Identifier: BSD-3-Clause
// Which codecs the ways to watch carry, in which container, and which pictures browsers decode: the one place
// that knows. MPEG-TS (live.ts, and astralsrc) carries whatever the publisher sends. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/facts.hpp"
#include "formats/hls_request.hpp"

namespace astral::formats {

struct LeftOut {
  bool is_video = false;
  // That play without this track: "hls", "flv", "rtmp", "whep". None: browsers do not decode it, or players
  // get one of several.
  std::vector<std::string> formats = {};
  std::string text = {};                  // a sentence: what, where, and what to send instead
  bool operator==(const LeftOut &) const = default;
};

// The tracks that viewers of some formats or all of them miss, or that browsers do not decode.
std::vector<LeftOut> left_out(const Facts &facts);

// In which container HLS carries this codec; none: it does not. One track that needs MP4 takes the others
// with it.
std::optional<Container> hls_container(const std::string &codec);

// Whether a node puts this codec into MPEG-TS, where the publisher's container is another one.
bool is_in_ts(const std::string &codec);

// How many of the ways to watch carry this codec.
unsigned ways_of(const std::string &codec);

// "H.264" for "h264"; an unknown codec has its own name.
std::string codec_name(const std::string &codec);

}  // namespace astral::formats
