// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_frames.hpp"

namespace astral::formats {

namespace {

constexpr std::size_t packet_size = 188;
constexpr std::size_t pes_head = 9;
constexpr std::size_t stamp_size = 5;
constexpr std::int64_t fold = std::int64_t{1} << 33;
// 24 years; int64 nanoseconds hold twelve times as much. Only a publisher whose times keep jumping gets here.
constexpr std::int64_t most_ticks = std::int64_t{1} << 46;

std::uint64_t stamp(Bytes at) {
  return (std::uint64_t{at[0]} >> 1 & 7) << 30 | std::uint64_t{at[1]} << 22 |
         (std::uint64_t{at[2]} >> 1) << 15 | std::uint64_t{at[3]} << 7 | std::uint64_t{at[4]} >> 1;
}

}  // namespace

struct FrameFinder::Start {
  Kind kind = Kind::none;
  std::uint64_t ticks = 0;  // DTS, or PTS if there is no DTS
};

// The start of the PES packet that begins in this TS packet (ISO/IEC 13818-1, 2.4.3). `packet` is a whole TS
// packet: find() cuts them.
FrameFinder::Start FrameFinder::start_of(Bytes packet) {
  const bool is_start = packet[0] == 0x47 && (packet[1] & 0x40) != 0 && (packet[3] & 0x10) != 0;
  if (!is_start) return {};
  const std::size_t payload = (packet[3] & 0x20) != 0 ? std::size_t{5} + packet[4] : 4;
  if (payload + pes_head + 2 * stamp_size > packet.size()) return {};
  const Bytes pes = packet.subspan(payload);
  if (pes[0] != 0 || pes[1] != 0 || pes[2] != 1) return {};
  const bool is_picture = (pes[3] & 0xf0) == 0xe0;
  const bool is_sound = (pes[3] & 0xe0) == 0xc0 || pes[3] == 0xbd;
  const bool has_pts = (pes[7] & 0x80) != 0, has_dts = (pes[7] & 0x40) != 0;
  if (!has_pts || !(is_picture || is_sound)) return {};
  return {is_picture ? Kind::picture : Kind::sound,
          stamp(pes.subspan(pes_head + (has_dts ? stamp_size : 0)))};
}

Time FrameFinder::time_of(std::uint64_t ticks) {
  std::int64_t step = (static_cast<std::int64_t>(ticks) - ticks_) % fold;
  if (step > fold / 2) step -= fold;
  if (step < -fold / 2) step += fold;
  ticks_ = (ticks_ + step) % most_ticks;
  return std::chrono::duration_cast<Time>(std::chrono::duration<std::int64_t, std::ratio<1, 90'000>>(ticks_));
}

std::vector<Frame> FrameFinder::find(Bytes piece, Time pts) {
  std::vector<Frame> frames;
  for (std::size_t at = 0; at + packet_size <= piece.size(); at += packet_size) {
    const Start start = start_of(piece.subspan(at, packet_size));
    if (start.kind == Kind::none || start.kind < best_) continue;
    if (start.kind > best_) frames.clear();
    best_ = start.kind;
    frames.push_back({at, time_of(start.ticks)});
  }
  if (best_ == Kind::none) frames.push_back({0, pts});
  return frames;
}

}  // namespace astral::formats
