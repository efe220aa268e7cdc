// SPDX-License-Identifier: BSD-3-Clause
// Packets of Opus: how long they last (RFC 6716, 3.1), their heads in MPEG-TS, and the identification header
// that FLV has for them (RFC 7845, 5.1). Pure; the input is not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats::opus {

inline constexpr std::int64_t rate = 48'000;  // Hz, whatever the encoder was given
inline constexpr unsigned most_channels = 2;  // of what is carried here; more need a mapping
inline constexpr std::size_t least_head = 3;  // bytes

struct Frame {
  std::size_t head = 0;      // bytes
  std::size_t size = 0;      // bytes, with the head
  std::int64_t samples = 0;  // of each channel
};
// The head of MPEG-TS (opus_control_header) that `bytes` begin with. None: there is no packet, or it is cut
// short.
std::optional<Frame> read_head(Bytes bytes);
void put_head(std::vector<std::uint8_t> &out, std::size_t size);

// How long a packet lasts. 0: it cannot be right.
std::int64_t samples_of(Bytes packet);

// An identification header. `channels`: 1 or 2.
std::vector<std::uint8_t> write_id(unsigned channels);

}  // namespace astral::formats::opus
