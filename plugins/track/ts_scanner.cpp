// SPDX-License-Identifier: BSD-3-Clause
#include "track/ts_scanner.hpp"

#include <cassert>

namespace astral::track {

namespace {

constexpr std::uint8_t sync_byte = 0x47;
constexpr std::uint16_t pat_pid = 0, last_table_pid = 0x1f, null_pid = 0x1fff;

// stream_type values, ISO/IEC 13818-1 table 2-34.
enum StreamType : std::uint8_t {
  mpeg1 = 0x01,
  mpeg2 = 0x02,
  mpeg4 = 0x10,
  h264 = 0x1b,
  h265 = 0x24,
  h266 = 0x33
};

constexpr bool is_video(std::uint8_t type) {
  return type == mpeg1 || type == mpeg2 || type == mpeg4 || type == h264 || type == h265 || type == h266;
}

// True if a NAL unit (in MPEG-1/2: a start code) with this first byte is at a random access point.
constexpr bool starts_key_frame(std::uint8_t type, std::uint8_t first) {
  switch (type) {
    case mpeg1:
    case mpeg2:
      return first == 0xb3;  // sequence header
    case h264:
      return (first & 0x1f) == 5 || (first & 0x1f) == 7;  // IDR slice, SPS
    case h265: {
      const int nal = (first >> 1) & 0x3f;
      return (nal >= 16 && nal <= 23) || nal == 32 || nal == 33;  // IRAP, VPS, SPS
    }
    default:
      return false;
  }
}

}  // namespace

bool TsScanner::Table::add(Bytes packet, Bytes payload, bool unit_start) {
  if (unit_start) {
    packets.clear();
    section.clear();
    if (payload.empty() || payload[0] + 1u > payload.size()) return false;
    payload = payload.subspan(payload[0] + 1u);  // pointer_field
  } else if (packets.empty()) {
    return false;
  }
  if (packets.size() >= max_table_packets * packet_size) {
    packets.clear();
    return false;
  }
  packets.insert(packets.end(), packet.begin(), packet.end());
  section.insert(section.end(), payload.begin(), payload.end());
  if (section.size() < 3) return false;
  const std::size_t length = 3u + (((section[1] & 0x0fu) << 8) | section[2]);
  if (section.size() < length) return false;
  section.resize(length);
  whole = std::move(packets);
  packets.clear();
  if (section == said) return false;
  said = section;
  return true;
}

void TsScanner::read_pat() {
  ++version_;
  const auto &s = pat_.said;
  for (std::size_t at = 8; at + 4 + 4 <= s.size(); at += 4) {  // after the header, before the CRC
    if (s[at] == 0 && s[at + 1] == 0) continue;                // program 0: the network PID
    const auto pid = static_cast<std::uint16_t>(((s[at + 2] & 0x1f) << 8) | s[at + 3]);
    if (pid != pmt_pid_) {
      pmt_pid_ = pid;
      pmt_ = {};
      video_pid_ = none;
    }
    return;
  }
}

void TsScanner::read_pmt() {
  ++version_;
  const auto &s = pmt_.said;
  video_pid_ = none;
  if (s.size() < 12) return;
  std::size_t at = 12u + (((s[10] & 0x0fu) << 8) | s[11]);
  while (at + 5 + 4 <= s.size()) {
    if (is_video(s[at])) {
      video_type_ = s[at];
      video_pid_ = static_cast<std::uint16_t>(((s[at + 1] & 0x1f) << 8) | s[at + 2]);
      return;
    }
    at += 5u + (((s[at + 3] & 0x0fu) << 8) | s[at + 4]);
  }
}

bool TsScanner::is_key_frame(Bytes payload) const {
  if (payload.size() < 9 || payload[0] != 0 || payload[1] != 0 || payload[2] != 1) return false;
  for (std::size_t at = 9u + payload[8]; at + 4 <= payload.size(); ++at)
    if (payload[at] == 0 && payload[at + 1] == 0 && payload[at + 2] == 1 &&
        starts_key_frame(video_type_, payload[at + 3]))
      return true;
  return false;
}

TsScanner::Kind TsScanner::classify(Bytes packet) {
  assert(packet.size() == packet_size);  // the cutter passes whole packets
  if (packet[0] != sync_byte) return Kind::neutral;
  const auto pid = static_cast<std::uint16_t>(((packet[1] & 0x1f) << 8) | packet[2]);
  if (pid == null_pid) return Kind::neutral;
  const bool unit_start = packet[1] & 0x40;
  const bool has_adaptation = packet[3] & 0x20, has_payload = packet[3] & 0x10;
  std::size_t offset = 4;
  bool random_access = false;
  if (has_adaptation) {
    offset += 1u + packet[4];
    random_access = packet[4] > 0 && (packet[5] & 0x40);
  }
  const Bytes payload = has_payload && offset < packet_size ? packet.subspan(offset) : Bytes{};

  if (pid == pat_pid) {
    if (pat_.add(packet, payload, unit_start)) read_pat();
    return Kind::table;
  }
  if (pid == pmt_pid_) {
    if (pmt_.add(packet, payload, unit_start)) read_pmt();
    return Kind::table;
  }
  if (pid <= last_table_pid) return Kind::table;
  if (pmt_.whole.empty()) return Kind::neutral;  // without tables nothing can be decoded
  if (video_pid_ == none) return unit_start ? Kind::sync : Kind::neutral;
  if (pid != video_pid_) return Kind::neutral;
  return random_access || (unit_start && is_key_frame(payload)) ? Kind::sync : Kind::delta;
}

std::vector<std::uint8_t> TsScanner::tables() const {
  if (pat_.whole.empty() || pmt_.whole.empty()) return {};
  std::vector<std::uint8_t> packets = pat_.whole;
  packets.insert(packets.end(), pmt_.whole.begin(), pmt_.whole.end());
  return packets;
}

}  // namespace astral::track
