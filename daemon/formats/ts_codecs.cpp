// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_codecs.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "formats/carriage.hpp"
#include "formats/pes.hpp"

namespace astral::formats {

namespace {

struct StreamType {
  unsigned value;
  bool is_video;
  std::string_view codec;
};
// ISO/IEC 13818-1, table 2-34; those from 0x81 on are ATSC's.
constexpr std::array types{
    StreamType{0x01, true, "mpeg1"}, StreamType{0x02, true, "mpeg2"}, StreamType{0x10, true, "mpeg4"},
    StreamType{0x1b, true, "h264"},  StreamType{0x24, true, "h265"},  StreamType{0x33, true, "h266"},
    StreamType{0x03, false, "mp3"},  StreamType{0x04, false, "mp3"},  StreamType{0x0f, false, "aac"},
    StreamType{0x11, false, "latm"}, StreamType{0x81, false, "ac3"},  StreamType{0x82, false, "dts"},
    StreamType{0x87, false, "eac3"}};

constexpr unsigned private_data = 0x06;  // a descriptor says what it is
struct Descriptor {
  std::uint8_t tag;
  std::string_view begin;  // of what follows its length
  bool is_video;
  std::string_view codec;
};
// Registrations (ISO/IEC 13818-1, 2.6.8), and DVB's own (ETSI EN 300 468, table 12).
constexpr std::uint8_t registration = 0x05;
constexpr std::array descriptors{Descriptor{registration, "Opus", false, "opus"},
                                 Descriptor{registration, "AV01", true, "av1"},
                                 Descriptor{registration, "AV1G", true, "av1"},  // GStreamer 1.26
                                 Descriptor{registration, "VP09", true, "vp9"},
                                 Descriptor{registration, "HEVC", true, "h265"},
                                 Descriptor{registration, "AC-3", false, "ac3"},
                                 Descriptor{registration, "EAC3", false, "eac3"},
                                 Descriptor{registration, "BSSD", false, "pcm"},
                                 Descriptor{registration, "DTS", false, "dts"},
                                 Descriptor{0x6a, "", false, "ac3"},
                                 Descriptor{0x7a, "", false, "eac3"},
                                 Descriptor{0x7b, "", false, "dts"},
                                 Descriptor{0x7c, "", false, "latm"}};

// Null: it is neither video nor audio, or unknown.
const Descriptor *described(Bytes all) {
  for (std::size_t at = 0; at + 2 <= all.size();) {
    const Bytes rest = all.subspan(at + 2);
    const std::string_view content = as_text(rest.first(std::min<std::size_t>(all[at + 1], rest.size())));
    for (const Descriptor &known : descriptors)
      if (known.tag == all[at] && content.starts_with(known.begin)) return &known;
    at += 2 + content.size();
  }
  return nullptr;
}

// 0: unknown. Opus in MPEG-TS, channel_config_code.
unsigned opus_channels(Bytes all) {
  constexpr std::uint8_t extension = 0x7f, opus = 0x80, most = 8;
  for (std::size_t at = 0; at + 4 <= all.size(); at += std::size_t{2} + all[at + 1])
    if (all[at] == extension && all[at + 1] >= 2 && all[at + 2] == opus)
      return all[at + 3] == 0 ? 2 : all[at + 3] <= most ? all[at + 3] : 0;
  return 0;
}

// MPEG-TS has one number for MP3 and MP2, which not all formats carry.
unsigned rank_of(const std::string &codec) {
  return 2 * ways_of(codec) - (codec == "mp3" ? 1 : 0);
}

}  // namespace

bool TsCodecs::read(std::uint16_t pid, Bytes payload) {
  if (!tables_.read(pid, payload)) return false;
  video_ = audio_ = {};
  video_tracks_ = audio_tracks_ = 0;
  for (const TsTrack &one : tables_.tracks()) {
    const auto type = std::find_if(types.begin(), types.end(),
                                   [&](const StreamType &known) { return known.value == one.type; });
    const Descriptor *private_type = one.type == private_data ? described(one.descriptors) : nullptr;
    if (type != types.end())
      choose(type->is_video, {.pid = one.pid, .codec = std::string(type->codec)});
    else if (private_type)
      choose(private_type->is_video,
             {.pid = one.pid,
              .codec = std::string(private_type->codec),
              .channels = private_type->codec == "opus" ? opus_channels(one.descriptors) : 0});
  }
  return true;
}

bool TsCodecs::see(Bytes piece) {
  bool has_read = false;
  for (std::size_t at = 0; at + ts_packet_size <= piece.size(); at += ts_packet_size) {
    const Bytes packet = piece.subspan(at, ts_packet_size);
    const bool is_begin = packet[0] == 0x47 && (packet[1] & 0x40) != 0 && (packet[3] & 0x10) != 0;
    const auto pid = static_cast<std::uint16_t>((packet[1] & 0x1f) << 8 | packet[2]);
    const std::size_t offset = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
    if (is_begin && offset < packet.size() && has(pid))
      has_read = read(pid, packet.subspan(offset)) || has_read;
  }
  return has_read;
}

// Of several tracks the first of those that most formats carry.
void TsCodecs::choose(bool is_video, Track &&other) {
  ++(is_video ? video_tracks_ : audio_tracks_);
  Track &track = is_video ? video_ : audio_;
  if (track.codec.empty() || rank_of(other.codec) > rank_of(track.codec)) track = std::move(other);
}

}  // namespace astral::formats
