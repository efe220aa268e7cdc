// SPDX-License-Identifier: BSD-3-Clause
// FLV's tags, which are RTMP's media messages too: H.264, AAC and MP3, as MPEG-TS carries them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/rtmp/amf.hpp"
#include "formats/rtmp/chunks.hpp"
#include "formats/rtmp/wire.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::rtmp::flv {

// A picture, or what the decoder needs first (an AVCDecoderConfigurationRecord).
struct Video {
  bool is_config = false;
  bool is_key = false;
  std::int32_t composition = 0;  // ms from decoding to showing
  Slice data = {};               // of a picture: with its length in front of each NAL unit
};

// A sound, or what the decoder needs first (an AudioSpecificConfig).
struct Audio {
  bool is_config = false;
  bool is_mp3 = false;
  Slice data = {};  // of AAC: without ADTS
};

// The body of a tag or message: what has been read is never without data. None: it carries no media, as the
// end of a sequence, a command to the player or an empty picture. **Errors**: unsupported, whose detail says
// what it is and what would do; invalid.
Expected<std::optional<Video>> read_video(const Slice &body);
Expected<std::optional<Audio>> read_audio(const Slice &body);

Buffer write_avc(const Video &video);
Buffer write_aac(const Audio &audio);
// "onMetaData" and its properties: the body of a script tag or data message.
Buffer write_metadata(const amf::Object &properties);

// What a file or an HTTP-FLV stream begins with, the length of "the tag before" included.
Buffer write_header(bool has_audio, bool has_video);
void write_tag(Buffer &out, Type type, std::uint32_t timestamp, Bytes body);

}  // namespace astral::rtmp::flv
