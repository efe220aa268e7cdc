// SPDX-License-Identifier: BSD-3-Clause
// Every maximum of an RTMP connection, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::rtmp {

struct Limits {
  std::size_t max_media = 4 << 20;          // bytes of a picture or a sound: 100 Mbit/s with one in 3 s
  std::size_t max_command = 64 << 10;       // bytes of any other message
  std::size_t max_partial = 6 << 20;        // bytes that all messages announce of which a part is here
  std::size_t max_chunk_streams = 32;       // ffmpeg, OBS and GStreamer use up to five
  std::uint32_t max_chunk_size = 0xffffff;  // §5.4.1: no message is longer, so more means the same
  std::size_t max_output = 256 << 10;       // bytes of answers that nobody has taken
  unsigned max_depth = 8;                   // of AMF values in each other
  std::size_t max_values = 512;             // of AMF in one message
  std::size_t max_name = 512;               // bytes of an application, a stream's key or a query
};

inline constexpr std::uint32_t first_chunk_size = 128;  // §5.4.1
inline constexpr std::uint32_t sent_chunk_size = 64 << 10;
inline constexpr std::uint32_t ack_window = 2'500'000;  // bytes; what everybody takes
inline constexpr std::uint32_t least_ack_window = 16 << 10;
inline constexpr std::uint32_t media_stream = 1;  // the only one of a connection

}  // namespace astral::rtmp
