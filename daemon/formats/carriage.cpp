// SPDX-License-Identifier: BSD-3-Clause
#include "formats/carriage.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace astral::formats {

namespace {

struct Way {
  const char *id;
  const char *name;
};
// By bit of Carriage::by. RTMP carries what FLV does.
constexpr unsigned by_hls = 1, by_whep = 8, by_all = 15;
constexpr std::array ways{Way{"hls", "HLS"}, Way{"flv", "FLV"}, Way{"rtmp", "RTMP"}, Way{"whep", "WebRTC"}};

struct Carriage {
  std::string_view id;
  const char *name;
  unsigned by;               // these ways
  bool is_for_some = false;  // of those that HLS carries: not all browsers decode it
  // HLS carries it in MP4: MPEG-TS cannot carry it for browsers, or Safari does not take it from there. Else
  // in MPEG-TS.
  bool needs_mp4 = false;
};
// HLS here is what hls.js plays in a browser, by Media Source Extensions. Safari alone decodes AC-3.
constexpr std::array carriages{
    Carriage{"h264", "H.264", by_all},
    Carriage{"h265", "H.265", by_hls, true, true},
    Carriage{"h266", "H.266", 0},
    Carriage{"av1", "AV1", by_hls, true, true},
    Carriage{"vp8", "VP8", 0},
    Carriage{"vp9", "VP9", 0},  // mp4mux of GStreamer 1.22 crashes if the caps have no chroma-site
    Carriage{"mpeg1", "MPEG-1", 0},
    Carriage{"mpeg2", "MPEG-2", 0},
    Carriage{"mpeg4", "MPEG-4 part 2", 0},
    Carriage{"aac", "AAC", by_all},
    Carriage{"mp3", "MP3", by_all},
    Carriage{"mp2", "MP2", by_whep},
    Carriage{"mp1", "MP1", by_whep},
    Carriage{"latm", "AAC in LATM", 0},
    Carriage{"ac3", "AC-3", 0},
    Carriage{"eac3", "E-AC-3", 0},
    Carriage{"dts", "DTS", 0},
    Carriage{"pcm", "PCM", 0},
    Carriage{"opus", "Opus", by_hls, false, true},
    Carriage{"vorbis", "Vorbis", 0},
    Carriage{"flac", "FLAC", 0},
    Carriage{"raw", "uncompressed", 0},
};

const Carriage *carriage_of(const std::string &id) {
  const auto found =
      std::find_if(carriages.begin(), carriages.end(), [&](const Carriage &one) { return one.id == id; });
  return found == carriages.end() ? nullptr : &*found;
}

// "HLS, FLV and WebRTC"
std::string names_of(unsigned set) {
  std::string text;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if ((set >> i & 1) == 0) continue;
    const bool is_last = set >> (i + 1) == 0;
    if (!text.empty()) text += is_last ? " and " : ", ";
    text += ways[i].name;
  }
  return text;
}

std::string instead(const std::string &id, bool is_video) {
  if (id == "latm") return "send AAC with ADTS headers (latm=0 in ffmpeg)";
  return is_video ? "send H.264" : "send AAC";
}

void look_at(const std::string &id, bool is_video, std::vector<LeftOut> &out) {
  const Carriage *codec = carriage_of(id);
  const unsigned missing = by_all & ~(codec ? codec->by : 0u);
  if (missing == 0) return;
  LeftOut lost{.is_video = is_video};
  for (std::size_t i = 0; i < ways.size(); ++i)
    if ((missing >> i & 1) != 0) lost.formats.emplace_back(ways[i].id);
  lost.text = names_of(missing) + " do not carry this stream's " + codec_name(id) +
              (is_video ? " picture" : " sound");
  if (codec && codec->is_for_some) lost.text += ", and not all browsers decode it in HLS";
  lost.text += ": " + instead(id, is_video);
  out.push_back(std::move(lost));
}

constexpr std::array chroma_names{"4:0:0", "4:2:0", "4:2:2", "4:4:4"};

}  // namespace

std::optional<Container> hls_container(const std::string &codec) {
  const Carriage *found = carriage_of(codec);
  if (!found || (found->by & by_hls) == 0) return std::nullopt;
  return found->needs_mp4 ? Container::mp4 : Container::ts;
}

bool is_in_ts(const std::string &codec) {
  return hls_container(codec) == Container::ts || codec == "h265" || codec == "opus";
}

bool is_carried_by_all(const std::string &codec) {
  const Carriage *found = carriage_of(codec);
  return found && found->by == by_all;
}

std::string codec_name(const std::string &codec) {
  const Carriage *found = carriage_of(codec);
  return found ? found->name : codec;
}

std::vector<LeftOut> left_out(const Facts &facts) {
  std::vector<LeftOut> out;
  if (facts.video) {
    const VideoFacts &video = *facts.video;
    look_at(video.codec, true, out);
    const bool is_usual = video.chroma == VideoFacts::usual_chroma && video.bits == VideoFacts::usual_bits;
    if (out.empty() && !is_usual)
      out.push_back({.is_video = true,
                     .text = "Most browsers do not decode this stream's picture, which is " +
                             std::string(chroma_names[std::min<std::size_t>(video.chroma, 3)]) + " with " +
                             std::to_string(video.bits) +
                             " bit: send 4:2:0 with 8 bit (yuv420p in ffmpeg, I420 in GStreamer)"});
  }
  if (facts.audio) look_at(facts.audio->codec, false, out);
  return out;
}

}  // namespace astral::formats
