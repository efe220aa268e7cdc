// SPDX-License-Identifier: BSD-3-Clause
// The bodies of FLV tags, which RTMP's media messages share: H.264, HEVC, AV1, AAC, MP3 and Opus. They are
// read with numbers for codecs and with the four letters of enhanced RTMP (enhanced.hpp).
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

// A picture, or the decoder's configuration (an AVCDecoderConfigurationRecord, an
// HEVCDecoderConfigurationRecord, an AV1CodecConfigurationRecord).
enum class VideoCodec : std::uint8_t { h264, hevc, av1 };
struct Video {
  VideoCodec codec = VideoCodec::h264;
  bool is_config = false;
  bool is_key = false;
  std::int32_t composition = 0;  // ms from DTS to PTS
  // Of a picture: its length stands before each NAL unit. Of AV1: a temporal unit without delimiter.
  Slice data = {};
};

// An audio frame, or the decoder's configuration (an AudioSpecificConfig; of Opus, its identification
// header).
enum class AudioCodec : std::uint8_t { aac, mp3, opus };
struct Audio {
  bool is_config = false;
  AudioCodec codec = AudioCodec::aac;
  Slice data = {};  // of AAC: without ADTS
};

// Reads the body of a tag or message. `data` of the result is never empty. None: the body has no media; it is
// an end of sequence, a command to the player or an empty picture. **Errors**: invalid; unsupported, whose
// detail names the codec and what to use instead.
Expected<std::optional<Video>> read_video(const Slice &body);
Expected<std::optional<Audio>> read_audio(const Slice &body);

// H.264 by its number, other codecs by the letters of enhanced RTMP.
Buffer write_video(const Video &video);
// AAC, MP3 with its head, or Opus by its letters.
Buffer write_audio(const Audio &audio);
// As onMetaData names it: a number, or the letters as one.
double id_of(VideoCodec codec);
double id_of(AudioCodec codec);
// "onMetaData" and its properties: the body of a script tag or data message.
Buffer write_metadata(const amf::Object &properties);

// The FLV file header and the first PreviousTagSize, with which a file or an HTTP-FLV stream begins.
Buffer write_header(bool has_audio, bool has_video);
void write_tag(Buffer &out, Type type, std::uint32_t timestamp, Bytes body);

}  // namespace astral::rtmp::flv
