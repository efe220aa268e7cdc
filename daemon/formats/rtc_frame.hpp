// SPDX-License-Identifier: BSD-3-Clause
// The pieces that WebRTC players of a stream get: first the list of tracks, then one frame each. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/webrtc/plan.hpp"
#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::formats {

struct RtcFrame {
  enum class Kind : std::uint8_t { tracks, video, audio };

  Kind kind = Kind::tracks;
  Time time{};   // continues over breaks, about as fast as the clock
  Slice data{};  // video: an access unit with start codes; audio: an Opus packet
};

Slice write_frame(RtcFrame::Kind kind, Time time, Bytes data);
std::optional<RtcFrame> read_frame(const Slice &piece);

// The tracks are the first piece that a player gets.
Slice write_tracks(const webrtc::Tracks &tracks);
std::optional<webrtc::Tracks> read_tracks(const Slice &piece);

// profile-level-id (RFC 6184, 8.1) of the first sequence parameter set; "" if there is none.
std::string profile_of(Bytes access_unit);

}  // namespace astral::formats
