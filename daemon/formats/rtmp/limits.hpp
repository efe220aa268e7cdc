// SPDX-License-Identifier: BSD-3-Clause
// All limits of an RTMP connection.
#pragma once

#include <cstddef>
#include <cstdint>

namespace astral::rtmp {

struct Limits {
  std::size_t max_media = 4 << 20;          // bytes of one picture or audio frame
  std::size_t max_command = 64 << 10;       // bytes of any other message
  std::size_t max_partial = 6 << 20;        // bytes: sum of the lengths of all unfinished messages
  std::size_t max_chunk_streams = 32;       // ffmpeg, OBS and GStreamer use up to five
  std::uint32_t max_chunk_size = 0xffffff;  // §5.4.1: no message is longer, so a larger size changes nothing
  std::size_t max_output = 256 << 10;       // bytes of answers that the client has not read
  unsigned max_depth = 8;                   // of nested AMF values
  std::size_t max_values = 512;             // AMF values in one message
  std::size_t max_name = 512;               // bytes of an application, a stream key or a query
};

inline constexpr std::uint32_t first_chunk_size = 128;  // §5.4.1
inline constexpr std::uint32_t sent_chunk_size = 64 << 10;
inline constexpr std::uint32_t ack_window = 2'500'000;  // bytes; the usual value
inline constexpr std::uint32_t least_ack_window = 16 << 10;
inline constexpr std::uint32_t media_stream = 1;  // id of the one message stream of a connection

}  // namespace astral::rtmp
