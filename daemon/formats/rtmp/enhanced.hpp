// SPDX-License-Identifier: BSD-3-Clause
// The heads of enhanced RTMP's bodies (Enhanced RTMP v2, Veovera): the codec is four letters instead of a
// number, and one body may hold several tracks. Pure; the input is not trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "formats/rtmp/wire.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::rtmp::enhanced {

// The main track of a body.
struct Body {
  std::string codec = {};  // four letters: "hvc1"
  bool is_config = false;
  bool is_key = false;           // of video
  std::int32_t composition = 0;  // of video: ms from DTS to PTS
  Slice data = {};
};

// Whether a body has such a head.
bool is_video(Bytes body);
bool is_audio(Bytes body);
// Whether a body has a track beside the main one. A node uses none of those.
bool has_other_video(Bytes body);
bool has_other_audio(Bytes body);
// None: it has no media that a node uses. **Errors**: invalid.
Expected<std::optional<Body>> read_video(const Slice &body);
Expected<std::optional<Body>> read_audio(const Slice &body);

// The head of a body with one track: a configuration or a frame. Composition and data follow.
void put_video_head(Buffer &out, std::string_view letters, bool is_config, bool is_key);
void put_audio_head(Buffer &out, std::string_view letters, bool is_config);

}  // namespace astral::rtmp::enhanced
