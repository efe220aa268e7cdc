// SPDX-License-Identifier: BSD-3-Clause
// Builds transport stream packets for tests.
#pragma once

#include <cstdint>
#include <vector>

namespace astral::track::test {

using Packet = std::vector<std::uint8_t>;

inline constexpr std::uint16_t pmt_pid = 0x20, video_pid = 0x41, audio_pid = 0x42;

inline Packet packet(std::uint16_t pid, bool unit_start, const std::vector<std::uint8_t> &payload,
                     bool random_access = false) {
  Packet bytes = {0x47, static_cast<std::uint8_t>((unit_start ? 0x40 : 0) | (pid >> 8)),
                  static_cast<std::uint8_t>(pid), 0x10};
  const std::size_t room = 184 - payload.size();
  if (room > 0 || random_access) {  // stuffed through the adaptation field, as mpegtsmux does
    bytes[3] = 0x30;
    bytes.push_back(static_cast<std::uint8_t>(room - 1));
    if (room > 1) bytes.push_back(random_access ? 0x40 : 0);
    while (bytes.size() < 188 - payload.size()) bytes.push_back(0xff);
  }
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

inline Packet pat() {
  return packet(
      0, true,
      {0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | (pmt_pid >> 8), pmt_pid & 0xff, 1, 2, 3, 4});
}

struct Es {
  std::uint8_t type;
  std::uint16_t pid;
  std::vector<std::uint8_t> descriptors = {};
};

inline Packet pmt(const std::vector<Es> &streams, std::uint8_t version = 0) {
  std::size_t size = 9 + 5 * streams.size() + 4;
  for (const Es &es : streams) size += es.descriptors.size();
  std::vector<std::uint8_t> section = {0x02, 0xb0, static_cast<std::uint8_t>(size),
                                       0,    1,    static_cast<std::uint8_t>(0xc1 | (version << 1)),
                                       0,    0,    0xe0,
                                       0x41, 0xf0, 0};
  for (const Es &es : streams) {
    section.insert(section.end(), {es.type, static_cast<std::uint8_t>(0xe0 | (es.pid >> 8)),
                                   static_cast<std::uint8_t>(es.pid), 0xf0,
                                   static_cast<std::uint8_t>(es.descriptors.size())});
    section.insert(section.end(), es.descriptors.begin(), es.descriptors.end());
  }
  section.insert(section.end(), {1, 2, 3, 4});
  section.insert(section.begin(), 0);  // pointer_field
  return packet(pmt_pid, true, section);
}

inline std::vector<std::uint8_t> pes(std::initializer_list<std::uint8_t> elementary) {
  std::vector<std::uint8_t> bytes = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1};
  bytes.insert(bytes.end(), elementary);
  return bytes;
}

inline Packet video_key() {
  return packet(video_pid, true, pes({0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x67, 1, 2}));
}
inline Packet video_delta() {
  return packet(video_pid, true, pes({0, 0, 0, 1, 0x09, 0xf0, 0, 0, 1, 0x41, 1, 2}));
}
inline Packet video_rest() {
  return packet(video_pid, false, std::vector<std::uint8_t>(184, 7));
}
inline Packet audio() {
  return packet(audio_pid, true, pes({0xff, 0xf1}));
}

inline void append(std::vector<std::uint8_t> &to, const Packet &what) {
  to.insert(to.end(), what.begin(), what.end());
}

}  // namespace astral::track::test
