// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/enhanced.hpp"

#include <algorithm>
#include <utility>

namespace astral::rtmp::enhanced {
namespace {

constexpr unsigned video_mark = 0x80, audio_format = 9;
constexpr unsigned key_picture = 1, later_picture = 2, command_to_player = 5;  // FrameType
// PacketType. The numbers that video and audio share mean the same.
constexpr unsigned sequence_start = 0, coded_frames = 1, coded_frames_x = 3, mod_ex = 7;
constexpr unsigned audio_multitrack = 5, video_multitrack = 6;
constexpr unsigned one_track = 0, many_codecs = 2;  // AvMultitrackType
constexpr unsigned main_track = 0;

// A modifier has, for example, the nanoseconds of a time, which nobody needs.
unsigned skip_modifiers(Reader &in, unsigned packet) {
  while (packet == mod_ex && in.ok()) {
    std::size_t size = in.u8() + std::size_t{1};
    if (size == 256) size = in.u16() + std::size_t{1};
    in.take(size);
    packet = in.u8() & 0xfu;
  }
  return packet;
}

struct Track {
  unsigned packet = 0;
  std::string codec = {};
  Bytes data = {};  // empty: there is no main track
};

// Of several tracks the main one.
Track read_track(Reader &in, unsigned packet, unsigned multitrack) {
  Track track{.packet = packet};
  if (packet != multitrack) {
    track.codec = as_text(in.take(4));
    track.data = in.rest();
    return track;
  }
  const unsigned types = in.u8(), kind = types >> 4;
  track.packet = types & 0xf;
  track.codec = as_text(in.take(4));
  if (kind == one_track) {
    if (in.u8() == main_track) track.data = in.rest();
    return track;
  }
  while (in.ok() && !in.done()) {
    const unsigned id = in.u8();
    track.data = in.take(in.u24());
    if (id == main_track) return track;
    if (kind == many_codecs && !in.done()) track.codec = as_text(in.take(4));
  }
  track.data = {};
  return track;
}

bool has_other_track(Reader &in, unsigned packet, unsigned multitrack) {
  if (packet != multitrack) return false;
  const unsigned kind = in.u8() >> 4;
  in.take(4);
  while (in.ok() && !in.done()) {
    if (in.u8() != main_track) return true;
    if (kind == one_track) return false;
    in.take(in.u24());
    if (kind == many_codecs) in.take(4);
  }
  return false;
}

Expected<std::optional<Body>> body_of(const Slice &whole, const Reader &in, const Track &track, Body body) {
  if (!in.ok())
    return fail(Code::invalid, "enhanced RTMP: a body of " + std::to_string(whole.size()) + " bytes");
  const bool is_frame = track.packet == coded_frames || track.packet == coded_frames_x;
  if (track.data.empty() || (track.packet != sequence_start && !is_frame)) return std::nullopt;
  body.is_config = !is_frame;
  body.codec = track.codec;
  const auto at = static_cast<std::size_t>(track.data.data() - whole.data());
  body.data = whole.part(at, track.data.size());
  return body;
}

}  // namespace

bool is_video(Bytes body) {
  return !body.empty() && (body[0] & video_mark) != 0;
}

bool is_audio(Bytes body) {
  return !body.empty() && body[0] >> 4 == audio_format;
}

bool has_other_video(Bytes body) {
  Reader in(body);
  const unsigned packet = skip_modifiers(in, in.u8() & 0xfu);
  return is_video(body) && has_other_track(in, packet, video_multitrack);
}

bool has_other_audio(Bytes body) {
  Reader in(body);
  const unsigned packet = skip_modifiers(in, in.u8() & 0xfu);
  return is_audio(body) && has_other_track(in, packet, audio_multitrack);
}

Expected<std::optional<Body>> read_video(const Slice &body) {
  Reader in(body.bytes());
  const unsigned first = in.u8(), frame = first >> 4 & 7u;
  const unsigned packet = skip_modifiers(in, first & 0xfu);
  if (frame == command_to_player) return std::nullopt;
  Track track = read_track(in, packet, video_multitrack);
  Body out{.is_key = frame == key_picture};
  const bool has_composition = track.codec == "avc1" || track.codec == "hvc1";
  if (track.packet == coded_frames && has_composition && !track.data.empty()) {
    Reader inside(track.data);
    out.composition = static_cast<std::int32_t>(inside.u24() << 8) >> 8;
    track.data = inside.rest();
  }
  return body_of(body, in, track, std::move(out));
}

Expected<std::optional<Body>> read_audio(const Slice &body) {
  Reader in(body.bytes());
  const unsigned packet = skip_modifiers(in, in.u8() & 0xfu);
  const Track track = read_track(in, packet, audio_multitrack);
  return body_of(body, in, track, {});
}

void put_video_head(Buffer &out, std::string_view letters, bool is_config, bool is_key) {
  const unsigned frame = is_key ? key_picture : later_picture;
  out.push_back(
      static_cast<std::uint8_t>(video_mark | frame << 4 | (is_config ? sequence_start : coded_frames)));
  put(out, as_bytes(letters));
}

void put_audio_head(Buffer &out, std::string_view letters, bool is_config) {
  out.push_back(static_cast<std::uint8_t>(audio_format << 4 | (is_config ? sequence_start : coded_frames)));
  put(out, as_bytes(letters));
}

}  // namespace astral::rtmp::enhanced
