// SPDX-License-Identifier: BSD-3-Clause
#include "media/track_caps.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace astral::media {

namespace {

struct Codec {
  std::string_view caps;
  std::string_view id;
  const char *parser;
};
constexpr std::array codecs{
    Codec{"video/x-h264", "h264", "h264parse"}, Codec{"video/x-h265", "h265", "h265parse"},
    Codec{"video/x-av1", "av1", "av1parse"},    Codec{"video/x-vp9", "vp9", "vp9parse"},
    Codec{"audio/x-opus", "opus", "opusparse"},
};
constexpr std::array chromas{"4:0:0", "4:2:0", "4:2:2", "4:4:4"};

std::string_view name_of(const GstStructure *caps) {
  return gst_structure_get_name(caps);
}

unsigned number(const GstStructure *caps, const char *field) {
  int value = 0;
  guint bits = 0;
  if (gst_structure_get_uint(caps, field, &bits)) return bits;
  gst_structure_get_int(caps, field, &value);
  return static_cast<unsigned>(std::max(value, 0));
}

std::string mpeg_audio(const GstStructure *caps) {
  if (number(caps, "mpegversion") != 1) return "aac";
  const unsigned layer = number(caps, "layer");
  return layer == 1 ? "mp1" : layer == 2 ? "mp2" : "mp3";
}

}  // namespace

bool is_video(const GstStructure *caps) {
  return name_of(caps).starts_with("video/");
}

bool is_audio(const GstStructure *caps) {
  return name_of(caps).starts_with("audio/");
}

std::string codec_of(const GstStructure *caps) {
  const std::string_view name = name_of(caps);
  if (name == "audio/mpeg") return mpeg_audio(caps);
  for (const Codec &codec : codecs)
    if (codec.caps == name) return std::string(codec.id);
  constexpr std::string_view extension = "x-";
  std::string_view codec = name.substr(name.find('/') + 1);
  if (codec.starts_with(extension)) codec.remove_prefix(extension.size());
  return std::string(codec);
}

const char *parser_of(const std::string &codec) {
  if (codec == "aac") return "aacparse";
  if (codec == "mp3") return "mpegaudioparse";
  const auto found =
      std::find_if(codecs.begin(), codecs.end(), [&](const Codec &one) { return one.id == codec; });
  return found == codecs.end() ? nullptr : found->parser;
}

const char *timestamper_of(const std::string &codec) {
  return codec == "h264" ? "h264timestamper" : codec == "h265" ? "h265timestamper" : nullptr;
}

formats::VideoFacts video_facts(const GstStructure *caps) {
  formats::VideoFacts facts{.codec = codec_of(caps)};
  facts.width = number(caps, "width");
  facts.height = number(caps, "height");
  int frames = 0, seconds = 0;
  if (gst_structure_get_fraction(caps, "framerate", &frames, &seconds) && frames > 0 && seconds > 0) {
    facts.frames = static_cast<unsigned>(frames);
    facts.seconds = static_cast<unsigned>(seconds);
  }
  const char *chroma = gst_structure_get_string(caps, "chroma-format");
  const auto known = std::find(chromas.begin(), chromas.end(), std::string_view(chroma ? chroma : ""));
  if (known != chromas.end()) facts.chroma = static_cast<unsigned>(known - chromas.begin());
  const unsigned bits = std::max(number(caps, "bit-depth-luma"), number(caps, "bit-depth-chroma"));
  if (bits > 0) facts.bits = bits;
  return facts;
}

formats::AudioFacts audio_facts(const GstStructure *caps) {
  return {.codec = codec_of(caps), .rate = number(caps, "rate"), .channels = number(caps, "channels")};
}

}  // namespace astral::media
