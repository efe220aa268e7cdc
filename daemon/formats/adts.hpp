// SPDX-License-Identifier: BSD-3-Clause
// AAC with ADTS headers (ISO/IEC 14496-3, 1.A.2), as MPEG-TS carries it, and without, as FLV carries it.
// Pure; the input is not trusted.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats::adts {

inline constexpr std::size_t head_size = 7;    // without a checksum
inline constexpr std::int64_t samples = 1024;  // of one frame

struct Config {
  unsigned profile = 2;   // audio object type, 1 to 4: 2 is AAC-LC
  unsigned rate = 4;      // sampling_frequency_index, below 13
  unsigned channels = 2;  // channel_configuration
  friend bool operator==(const Config &, const Config &) = default;
};
std::uint32_t rate_of(const Config &config);  // Hz
// An AudioSpecificConfig of two bytes.
std::array<std::uint8_t, 2> write_config(const Config &config);
// None: ADTS cannot carry it. HE-AAC is read as the AAC-LC that it begins with.
std::optional<Config> read_config(Bytes config);

struct Frame {
  Config config;
  std::size_t head = 0;  // bytes
  std::size_t size = 0;  // bytes, with the head
};
// The head of the frame that `bytes` begin with. None: there is no frame.
std::optional<Frame> read_head(Bytes bytes);
// `size`: of the frame without this head.
void put_head(std::vector<std::uint8_t> &out, const Config &config, std::size_t size);

// Most bytes of a frame without its head.
inline constexpr std::size_t largest = 0x1fff - head_size;

}  // namespace astral::formats::adts
