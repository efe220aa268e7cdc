// SPDX-License-Identifier: BSD-3-Clause
// The head of a PES packet in MPEG-TS (ISO/IEC 13818-1, 2.4.3.6).
#pragma once

#include <cstddef>
#include <cstdint>

#include "glue/bytes.hpp"

namespace astral::formats {

inline constexpr std::size_t ts_packet_size = 188;
inline constexpr std::size_t pes_head_size = 9;                   // up to the optional fields
inline constexpr std::size_t pes_stamp_size = 5;                  // of a PTS or DTS
inline constexpr std::int64_t pes_round = std::int64_t{1} << 33;  // where they wrap; ticks

// stream_type (ISO/IEC 13818-1, table 2-34).
inline constexpr std::uint8_t h264_type = 0x1b, h265_type = 0x24, aac_type = 0x0f;
// MPEG audio of any layer: of MPEG-1, and with half the sampling rates of MPEG-2.
inline constexpr std::uint8_t mp3_type = 0x03, mp3_half_type = 0x04;

// Whether a PES packet with times or more begins here, with its whole head.
inline bool is_pes(Bytes bytes) {
  return bytes.size() >= pes_head_size && bytes.size() >= pes_head_size + bytes[8] && bytes[0] == 0 &&
         bytes[1] == 0 && bytes[2] == 1;
}

// A PTS or DTS in ticks of 90 kHz, modulo 2^33. `at` has at least pes_stamp_size bytes.
inline std::int64_t pes_stamp(Bytes at) {
  return std::int64_t{at[0] >> 1 & 7} << 30 | std::int64_t{at[1]} << 22 | std::int64_t{at[2] >> 1} << 15 |
         std::int64_t{at[3]} << 7 | at[4] >> 1;
}

// How far `to` is from `from`, the shorter way around the 33 bits. Ticks.
inline std::int64_t pes_distance(std::int64_t from, std::int64_t to) {
  const std::int64_t step = (to - from) % pes_round;
  if (step > pes_round / 2) return step - pes_round;
  return step < -pes_round / 2 ? step + pes_round : step;
}

}  // namespace astral::formats
