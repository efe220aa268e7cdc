// SPDX-License-Identifier: BSD-3-Clause
// MPEG audio, of which layer III is MP3 (ISO/IEC 11172-3, 2.4.1; 13818-3, 2.4.1). Pure; the input is not
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "glue/bytes.hpp"

namespace astral::formats::mpeg_audio {

inline constexpr std::size_t head_size = 4;
inline constexpr std::size_t largest = 2881;  // bytes of a frame: layer III at 160 kbit/s and 8 kHz

struct Frame {
  unsigned layer = 3;           // 1, 2 or 3
  std::uint32_t rate = 44'100;  // Hz
  unsigned channels = 2;
  std::int64_t samples = 1152;  // of each channel
  std::size_t size = 0;         // bytes, with the head
};
// The head of the frame that `bytes` begin with. None: there is no frame, or one of "free" bit rate, whose
// size it does not say.
std::optional<Frame> read_head(Bytes bytes);

}  // namespace astral::formats::mpeg_audio
