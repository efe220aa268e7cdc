// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/flv.hpp"

#include <array>
#include <string>
#include <utility>

#include "formats/mpeg_audio.hpp"
#include "formats/rtmp/enhanced.hpp"

namespace astral::rtmp::flv {
namespace {

constexpr unsigned avc = 7, hevc = 12, aac = 10, mp3 = 2;  // many encoders use 12, which no standard names
constexpr unsigned key_frame = 1, inter_frame = 2, command_frame = 5;
constexpr std::uint8_t aac_flags = 0xaf;  // 44 kHz, 16 bit, stereo: FLV says so for any AAC

constexpr std::array video_codecs{"",
                                  "",
                                  "Sorenson H.263",
                                  "Screen video",
                                  "VP6",
                                  "VP6 with alpha",
                                  "Screen video 2",
                                  "",
                                  "H.263",
                                  "MPEG-4 part 2",
                                  "",
                                  ""};
constexpr std::array audio_codecs{"PCM",        "ADPCM", "",      "PCM", "Nellymoser", "Nellymoser",
                                  "Nellymoser", "G.711", "G.711", "",    "",           "Speex"};

template <std::size_t n>
std::string name_of(const std::array<const char *, n> &names, unsigned codec) {
  return codec < n && names[codec][0] ? names[codec] : "codec " + std::to_string(codec);
}

tl::unexpected<Error> not_video(const std::string &what) {
  return fail(Code::unsupported,
              "this node accepts H.264, HEVC and AV1, not " + what + ": set the encoder to H.264");
}
tl::unexpected<Error> not_audio(const std::string &what) {
  return fail(Code::unsupported,
              "this node accepts AAC, MP3 or Opus, not " + what + ": set the encoder to AAC");
}

constexpr std::string_view hevc_letters = "hvc1", av1_letters = "av01", opus_letters = "Opus";

struct Letters {
  std::string_view code;
  const char *name;
};
constexpr std::array known_letters{Letters{"vp09", "VP9"},    Letters{"vp08", "VP8"},
                                   Letters{"vvc1", "H.266"},  Letters{"ac-3", "AC-3"},
                                   Letters{"ec-3", "E-AC-3"}, Letters{"fLaC", "FLAC"}};

// The letters are the publisher's: no others are repeated to people.
std::string name_of(const std::string &letters) {
  for (const Letters &known : known_letters)
    if (known.code == letters) return known.name;
  return "this codec of enhanced RTMP";
}

Expected<std::optional<Video>> read_enhanced_video(const Slice &body) {
  auto read = enhanced::read_video(body);
  if (!read) return tl::unexpected<Error>(read.error());
  if (!*read) return std::nullopt;
  enhanced::Body &found = **read;
  Video video;
  if (found.codec == hevc_letters)
    video.codec = VideoCodec::hevc;
  else if (found.codec == av1_letters)
    video.codec = VideoCodec::av1;
  else if (found.codec != "avc1")
    return not_video(name_of(found.codec));
  return Video{.codec = video.codec,
               .is_config = found.is_config,
               .is_key = found.is_key,
               .composition = found.composition,
               .data = std::move(found.data)};
}

Expected<std::optional<Audio>> read_enhanced_audio(const Slice &body) {
  auto read = enhanced::read_audio(body);
  if (!read) return tl::unexpected<Error>(read.error());
  if (!*read) return std::nullopt;
  enhanced::Body &found = **read;
  const bool is_mp3 = found.codec == ".mp3", is_opus = found.codec == opus_letters;
  if (!is_mp3 && !is_opus && found.codec != "mp4a") return not_audio(name_of(found.codec));
  if (is_mp3 && found.is_config) return std::nullopt;
  const AudioCodec codec = is_mp3 ? AudioCodec::mp3 : is_opus ? AudioCodec::opus : AudioCodec::aac;
  return Audio{.is_config = found.is_config, .codec = codec, .data = std::move(found.data)};
}

// Not of H.264, which has a number.
std::string_view letters_of(VideoCodec codec) {
  return codec == VideoCodec::hevc ? hevc_letters : av1_letters;
}

double number_of(std::string_view letters) {
  std::uint32_t number = 0;
  for (const char letter : letters) number = number << 8 | static_cast<std::uint8_t>(letter);
  return number;
}

// FLV has names for 11, 22 and 44 kHz only.
std::uint8_t mp3_flags(Bytes frame) {
  constexpr unsigned wide = 2, stereo = 1;
  const auto head = formats::mpeg_audio::read_head(frame);
  const unsigned rate = !head || head->rate > 24'000 ? 3 : head->rate > 12'000 ? 2 : 1;
  return static_cast<std::uint8_t>(mp3 << 4 | rate << 2 | wide | (head && head->channels == 1 ? 0 : stereo));
}

// The part of `body` that `in`, a reader of `body`, has not read yet.
Slice rest_of(const Slice &body, const Reader &in) {
  return body.from(body.size() - in.rest().size());
}

}  // namespace

Expected<std::optional<Video>> read_video(const Slice &body) {
  Reader in(body.bytes());
  if (enhanced::is_video(body.bytes())) return read_enhanced_video(body);
  const unsigned first = in.u8();
  if (first >> 4 == command_frame) return std::nullopt;
  const unsigned codec = first & 0xf;
  if (codec != avc && codec != hevc) return not_video(name_of(video_codecs, codec));
  const unsigned packet = in.u8();
  const std::uint32_t composition = in.u24();
  if (!in.ok()) return fail(Code::invalid, "a video message of " + std::to_string(body.size()) + " bytes");
  if (packet > 1 || in.done()) return std::nullopt;
  return Video{.codec = codec == hevc ? VideoCodec::hevc : VideoCodec::h264,
               .is_config = packet == 0,
               .is_key = first >> 4 == key_frame,
               .composition = static_cast<std::int32_t>(composition << 8) >> 8,
               .data = rest_of(body, in)};
}

Expected<std::optional<Audio>> read_audio(const Slice &body) {
  Reader in(body.bytes());
  if (enhanced::is_audio(body.bytes())) return read_enhanced_audio(body);
  const unsigned codec = in.u8() >> 4;
  if (codec != mp3 && codec != aac) return not_audio(name_of(audio_codecs, codec));
  const bool is_config = codec == aac && in.u8() == 0;
  if (!in.ok()) return fail(Code::invalid, "an audio message of " + std::to_string(body.size()) + " bytes");
  if (in.done()) return std::nullopt;
  return Audio{.is_config = is_config,
               .codec = codec == mp3 ? AudioCodec::mp3 : AudioCodec::aac,
               .data = rest_of(body, in)};
}

Buffer write_video(const Video &video) {
  Buffer body;
  body.reserve(8 + video.data.size());
  if (video.codec != VideoCodec::h264) {
    enhanced::put_video_head(body, letters_of(video.codec), video.is_config, video.is_key);
    if (video.codec == VideoCodec::hevc && !video.is_config)
      put(body, static_cast<std::uint32_t>(video.composition), 3);
    put(body, video.data.bytes());
    return body;
  }
  body.push_back(static_cast<std::uint8_t>((video.is_key ? key_frame : inter_frame) << 4 | avc));
  body.push_back(video.is_config ? 0 : 1);
  put(body, static_cast<std::uint32_t>(video.composition), 3);
  put(body, video.data.bytes());
  return body;
}

Buffer write_audio(const Audio &audio) {
  Buffer body;
  body.reserve(5 + audio.data.size());
  if (audio.codec == AudioCodec::opus) {
    enhanced::put_audio_head(body, opus_letters, audio.is_config);
    put(body, audio.data.bytes());
    return body;
  }
  const bool is_mp3 = audio.codec == AudioCodec::mp3;
  body.push_back(is_mp3 ? mp3_flags(audio.data.bytes()) : aac_flags);
  if (!is_mp3) body.push_back(audio.is_config ? 0 : 1);
  put(body, audio.data.bytes());
  return body;
}

double id_of(VideoCodec codec) {
  return codec == VideoCodec::h264 ? avc : number_of(letters_of(codec));
}

double id_of(AudioCodec codec) {
  return codec == AudioCodec::opus ? number_of(opus_letters) : codec == AudioCodec::mp3 ? mp3 : aac;
}

Buffer write_metadata(const amf::Object &properties) {
  Buffer body;
  amf::write(body, std::string_view("onMetaData"));
  amf::write_list(body, properties);
  return body;
}

Buffer write_header(bool has_audio, bool has_video) {
  Buffer out;
  put(out, as_bytes("FLV"));
  out.push_back(1);
  out.push_back(static_cast<std::uint8_t>((has_audio ? 4 : 0) | (has_video ? 1 : 0)));
  put(out, 9, 4);
  put(out, 0, 4);
  return out;
}

void write_tag(Buffer &out, Type type, std::uint32_t timestamp, Bytes body) {
  constexpr std::size_t head = 11;
  out.reserve(out.size() + head + body.size() + 4);
  out.push_back(static_cast<std::uint8_t>(type));
  put(out, body.size(), 3);
  put(out, timestamp, 3);
  put(out, timestamp >> 24, 1);
  put(out, 0, 3);
  put(out, body);
  put(out, head + body.size(), 4);
}

}  // namespace astral::rtmp::flv
