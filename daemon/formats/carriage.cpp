// SPDX-License-Identifier: BSD-3-Clause
#include "formats/carriage.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "formats/opus_packet.hpp"

namespace astral::formats {

namespace {

struct Way {
  const char *id;
  const char *name;
};
// By bit of Carriage::by. RTMP carries what FLV does.
constexpr unsigned by_hls = 1, by_flv = 2, by_rtmp = 4, by_whep = 8, by_all = 15;
constexpr std::array ways{Way{"hls", "HLS"}, Way{"flv", "FLV"}, Way{"rtmp", "RTMP"}, Way{"whep", "WebRTC"}};

struct Carriage {
  std::string_view id;
  const char *name;
  unsigned by;               // these ways
  bool is_for_some = false;  // not all browsers decode it
  // HLS carries it in MP4: MPEG-TS cannot carry it for browsers, or Safari does not take it from there. Else
  // in MPEG-TS.
  bool needs_mp4 = false;
};
// HLS here is what hls.js plays in a browser, by Media Source Extensions. Safari alone decodes AC-3.
constexpr std::array carriages{
    Carriage{"h264", "H.264", by_all},
    Carriage{"h265", "H.265", by_hls | by_flv | by_rtmp, true, true},
    Carriage{"h266", "H.266", 0},
    Carriage{"av1", "AV1", by_hls, true, true},
    Carriage{"vp8", "VP8", 0},
    Carriage{"vp9", "VP9", by_hls, true, true},
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
    Carriage{"opus", "Opus", by_all, false, true},
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

// `what`: "H.264 picture". `missing`: the ways without it.
LeftOut left_out_by(unsigned missing, bool is_video, const std::string &what) {
  LeftOut lost{.is_video = is_video};
  for (std::size_t i = 0; i < ways.size(); ++i)
    if ((missing >> i & 1) != 0) lost.formats.emplace_back(ways[i].id);
  lost.text =
      names_of(missing) + (lost.formats.size() == 1 ? " does" : " do") + " not carry this stream's " + what;
  return lost;
}

// What no node takes out of MPEG-TS (AV1, VP9), HLS carries out of other containers only.
void look_at(const std::string &id, bool is_video, bool is_by_mpegts, std::vector<LeftOut> &out) {
  const Carriage *codec = carriage_of(id);
  const bool is_stuck = codec && is_by_mpegts && (codec->by & by_hls) != 0 && !is_in_ts(id);
  const unsigned missing = by_all & ~(codec && !is_stuck ? codec->by : 0u);
  if (missing == 0) return;
  LeftOut lost = left_out_by(missing, is_video, codec_name(id) + (is_video ? " picture" : " sound"));
  if (is_stuck) {
    lost.text += " out of MPEG-TS: send it in Matroska, or " + instead(id, is_video);
    return out.push_back(std::move(lost));
  }
  if (codec && codec->is_for_some) lost.text += ", and not all browsers decode it";
  lost.text += ": " + instead(id, is_video);
  out.push_back(std::move(lost));
}

// Their packets hold several streams, which only HLS describes.
void look_at_channels(const AudioFacts &audio, std::vector<LeftOut> &out) {
  if (audio.codec != "opus" || audio.channels <= opus::most_channels) return;
  LeftOut lost =
      left_out_by(by_all & ~by_hls, false, "Opus sound of " + std::to_string(audio.channels) + " channels");
  lost.text += ": send stereo";
  out.push_back(std::move(lost));
}

void count(unsigned tracks, bool is_video, std::vector<LeftOut> &out) {
  if (tracks < 2) return;
  out.push_back({.is_video = is_video,
                 .text = "Players get one of this stream's " + std::to_string(tracks) +
                         (is_video ? " pictures" : " sounds") +
                         ": send each other one as a stream of its own"});
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

unsigned ways_of(const std::string &codec) {
  const Carriage *found = carriage_of(codec);
  return found ? static_cast<unsigned>(std::popcount(found->by)) : 0;
}

std::string codec_name(const std::string &codec) {
  const Carriage *found = carriage_of(codec);
  return found ? found->name : codec;
}

std::vector<LeftOut> left_out(const Facts &facts) {
  std::vector<LeftOut> out;
  if (facts.video) {
    const VideoFacts &video = *facts.video;
    look_at(video.codec, true, video.is_by_mpegts, out);
    const bool is_usual = video.chroma == VideoFacts::usual_chroma && video.bits == VideoFacts::usual_bits;
    if (out.empty() && !is_usual)
      out.push_back({.is_video = true,
                     .text = "Most browsers do not decode this stream's picture, which is " +
                             std::string(chroma_names[std::min<std::size_t>(video.chroma, 3)]) + " with " +
                             std::to_string(video.bits) +
                             " bit: send 4:2:0 with 8 bit (yuv420p in ffmpeg, I420 in GStreamer)"});
  }
  if (facts.audio) look_at(facts.audio->codec, false, false, out);
  if (facts.audio) look_at_channels(*facts.audio, out);
  count(facts.video_tracks, true, out);
  count(facts.audio_tracks, false, out);
  return out;
}

}  // namespace astral::formats
