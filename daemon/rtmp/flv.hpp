// SPDX-License-Identifier: BSD-3-Clause
// FLV's tags, which are RTMP's media messages too: H.264, AAC and MP3, as MPEG-TS carries them.
#pragma once

#include <cstdint>
#include <string_view>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "rtmp/amf.hpp"
#include "rtmp/chunks.hpp"
#include "rtmp/wire.hpp"

namespace astral::rtmp::flv {

enum class Content : std::uint8_t {
  config,   // what the decoder needs first: an AVCDecoderConfigurationRecord, an AudioSpecificConfig
  frame,    // with its length in front of each NAL unit, without ADTS
  nothing,  // the end of a sequence, a command: for nobody here
};

struct Video {
  Content content{};
  bool is_key = false;
  std::int32_t composition = 0;  // ms from decoding to showing
  Bytes data;
};

struct Audio {
  Content content{};
  bool is_mp3 = false;
  Bytes data;
};

// The body of a tag or message. **Errors**: unsupported, whose detail says what it is and what would do;
// invalid.
Expected<Video> read_video(Bytes body);
Expected<Audio> read_audio(Bytes body);

Buffer write_avc(const Video &video);
Buffer write_aac(const Audio &audio);
// "onMetaData" and its properties: the body of a script tag or data message.
Buffer write_metadata(const amf::Object &properties);

// What a file or an HTTP-FLV stream begins with, the length of "the tag before" included.
Buffer write_header(bool has_audio, bool has_video);
void write_tag(Buffer &out, Type type, std::uint32_t timestamp, Bytes body);

}  // namespace astral::rtmp::flv
