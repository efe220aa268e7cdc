// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_frames.hpp"

#include <algorithm>

#include "formats/pes.hpp"

namespace astral::formats {

namespace {

// 24 years; int64 nanoseconds hold twelve times as much. Only a publisher whose times keep jumping gets here.
constexpr std::int64_t most_ticks = std::int64_t{1} << 46;

}  // namespace

struct FrameFinder::Start {
  Kind kind = Kind::none;
  std::int64_t ticks = 0;  // DTS, or PTS if there is no DTS
};

// The start of the PES packet that begins in this TS packet (ISO/IEC 13818-1, 2.4.3). `packet` is a whole TS
// packet: find() cuts them.
FrameFinder::Start FrameFinder::start_of(Bytes packet) {
  const bool is_start = packet[0] == 0x47 && (packet[1] & 0x40) != 0 && (packet[3] & 0x10) != 0;
  if (!is_start) return {};
  const std::size_t payload = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
  if (payload + pes_head_size + 2 * pes_stamp_size > packet.size()) return {};
  const Bytes pes = packet.subspan(payload);
  if (pes[0] != 0 || pes[1] != 0 || pes[2] != 1) return {};
  const bool is_picture = (pes[3] & 0xf0) == 0xe0;
  const bool is_sound = (pes[3] & 0xe0) == 0xc0 || pes[3] == 0xbd;
  const bool has_pts = (pes[7] & 0x80) != 0, has_dts = (pes[7] & 0x40) != 0;
  if (!has_pts || !(is_picture || is_sound)) return {};
  return {is_picture ? Kind::picture : Kind::sound,
          pes_stamp(pes.subspan(pes_head_size + (has_dts ? pes_stamp_size : 0)))};
}

Time FrameFinder::time_of(std::int64_t ticks) {
  ticks_ = (ticks_ + pes_distance(ticks_, ticks)) % most_ticks;
  return std::chrono::duration_cast<Time>(std::chrono::duration<std::int64_t, std::ratio<1, 90'000>>(ticks_));
}

void FrameFinder::set_init(Bytes init) {
  tracks_ = init.empty() ? std::vector<mp4::Track>() : mp4::read_init(init);
  best_ = Kind::none;
}

std::vector<Frame> FrameFinder::find_in_fragment(Bytes piece) {
  const auto fragment = mp4::read_fragment(piece);
  if (!fragment) return {};
  const auto of = [&](const mp4::Track &track) { return track.id == fragment->track; };
  const auto track = std::find_if(tracks_.begin(), tracks_.end(), of);
  if (track == tracks_.end()) return {};
  const Kind kind = track->kind == formats::Kind::video ? Kind::picture : Kind::sound;
  if (kind < best_) return {};
  best_ = kind;
  return {{0, mp4::time_of(fragment->decoded, *track)}};
}

std::vector<Frame> FrameFinder::find(Bytes piece, Time pts) {
  if (are_fragments()) return find_in_fragment(piece);
  std::vector<Frame> frames;
  for (std::size_t at = 0; at + ts_packet_size <= piece.size(); at += ts_packet_size) {
    const Start start = start_of(piece.subspan(at, ts_packet_size));
    if (start.kind == Kind::none || start.kind < best_) continue;
    if (start.kind > best_) frames.clear();
    best_ = start.kind;
    frames.push_back({at, time_of(start.ticks)});
  }
  if (best_ == Kind::none) frames.push_back({0, pts});
  return frames;
}

}  // namespace astral::formats
