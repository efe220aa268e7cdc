// SPDX-License-Identifier: BSD-3-Clause
// What WebRTC's players of a stream share: which tracks there are, pictures and sounds, each one piece. Pure.
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
  Time time{};   // goes on over breaks, about as the clock does
  Slice data{};  // of video: an access unit with start codes; of audio: a packet of Opus
};

Slice write_frame(RtcFrame::Kind kind, Time time, Bytes data);
std::optional<RtcFrame> read_frame(const Slice &piece);

// Those are the first piece that a player gets.
Slice write_tracks(const webrtc::Tracks &tracks);
std::optional<webrtc::Tracks> read_tracks(const Slice &piece);

// profile-level-id (RFC 6184, 8.1) of the first sequence parameter set; "" where there is none.
std::string profile_of(Bytes access_unit);

}  // namespace astral::formats
