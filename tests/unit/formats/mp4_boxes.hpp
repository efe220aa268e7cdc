// SPDX-License-Identifier: BSD-3-Clause
// MP4 for tests: an initialization segment with a video and an audio track, and fragments of them, as mp4mux
// of GStreamer 1.22 writes them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats::mp4::test {

using Buffer = std::vector<std::uint8_t>;

inline constexpr std::uint32_t video_id = 1, audio_id = 2, video_scale = 3000, audio_scale = 48'000;

inline Buffer number(std::uint64_t value, std::size_t size) {
  Buffer out;
  while (size > 0) out.push_back(static_cast<std::uint8_t>(value >> 8 * --size));
  return out;
}
inline Buffer join(std::initializer_list<Buffer> parts) {
  Buffer out;
  for (const Buffer &part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}
inline Buffer text(const std::string &word) {
  return {word.begin(), word.end()};
}
inline Buffer box(const std::string &type, const Buffer &content) {
  return join({number(8 + content.size(), 4), text(type), content});
}

inline Buffer trak(std::uint32_t id, std::uint32_t scale, const std::string &handler, const Buffer &entry) {
  const Buffer stsd = box("stsd", join({number(1, 8), entry}));
  return box("trak", join({box("tkhd", join({Buffer(12), number(id, 4), Buffer(68)})),
                           box("mdia", join({box("mdhd", join({Buffer(12), number(scale, 4), Buffer(8)})),
                                             box("hdlr", join({Buffer(8), text(handler), Buffer(13)})),
                                             box("minf", box("stbl", stsd))}))}));
}
// GStreamer 1.22 swaps the numbers of dOps and writes zeros into av1C.
inline Buffer init(bool has_video = true, bool has_audio = true) {
  const Buffer av01 = box("av01", join({Buffer(78), box("av1C", Buffer(5))}));
  const Buffer dops = box("dOps", {0, 2, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0});
  const Buffer opus = box("Opus", join({Buffer(28), dops}));
  Buffer tracks = box("mvhd", Buffer(100));
  if (has_video) tracks = join({tracks, trak(video_id, video_scale, "vide", av01)});
  if (has_audio) tracks = join({tracks, trak(audio_id, audio_scale, "soun", opus)});
  return join({box("ftyp", text("iso5")), box("moov", tracks)});
}

// One sample of some bytes. `shown`: ticks after `decoded`.
inline Buffer fragment(std::uint32_t track, std::uint64_t decoded, bool is_sync = true,
                       std::uint32_t shown = 0, std::size_t size = 10) {
  const Buffer tfhd = box("tfhd", join({number(0x38, 4), number(track, 4), number(100, 4), number(size, 4),
                                        number(is_sync ? 0x40 : 0x100c0, 4)}));
  const Buffer tfdt = box("tfdt", join({number(0, 4), number(decoded, 4)}));
  const Buffer trun = box("trun", join({number(0x801, 4), number(1, 4), number(108, 4), number(shown, 4)}));
  return join({box("moof", join({box("mfhd", Buffer(8)), box("traf", join({tfhd, tfdt, trun}))})),
               box("mdat", Buffer(size, 0xab))});
}

}  // namespace astral::formats::mp4::test
