// SPDX-License-Identifier: BSD-3-Clause
// Takes MPEG-TS apart: a track of H.264 or H.265, and one of AAC, MPEG audio (MP3) or Opus, as pictures and
// audio frames. Of several tracks ts_codecs chooses. Decides what is intact: a picture of which a packet is
// missing is dropped, all others are passed on, whatever the clocks of the stream do. Pure; the input is not
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/adts.hpp"
#include "formats/timeline.hpp"
#include "formats/ts_codecs.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

enum class Codec : std::uint8_t { h264, h265, aac, mpeg_audio, opus };

// A picture or an audio frame.
struct Unit {
  Kind kind = Kind::video;
  Codec codec = Codec::h264;
  std::int64_t decoded = 0;        // DTS; 90 kHz, modulo 2^33
  std::int64_t shown = 0;          // ticks from DTS to PTS
  std::vector<std::uint8_t> data;  // an access unit with start codes; AAC without ADTS; MPEG audio; Opus
  unsigned layer = 0;              // of MPEG audio, 3 is MP3
  adts::Config config = {};        // of AAC
  bool is_after_loss = false;      // packets of this track are missing before it
};

class TsDemux {
 public:
  // A larger picture is dropped.
  static constexpr std::size_t largest = 8 << 20;

  struct Tracks {
    bool are_known = false;  // a PMT has come
    std::optional<Codec> video = {}, audio = {};
    unsigned channels = 0;  // of Opus: 1 or 2
  };

  // `bytes` may end within a packet. Returns what has become complete. A picture is complete when the next
  // one begins, or sound after a packet with stuffing: where pictures are rare, the next one is late.
  std::vector<Unit> push(Bytes bytes);
  // The next bytes do not continue the last ones.
  void skip() { packet_.clear(); }
  // At the end of the stream: what has begun.
  std::vector<Unit> finish();
  const Tracks &tracks() const { return tracks_; }

 private:
  static constexpr std::uint16_t none = TsCodecs::Track::none;
  struct Track {
    std::uint16_t pid = none;
    std::optional<Codec> codec = {};
    std::optional<unsigned> counter = {};   // continuity_counter of the newest packet
    std::vector<std::uint8_t> pes = {};     // the packet that has begun; empty: none
    std::size_t length = 0;                 // its bytes, if it says how many; else 0
    bool is_padded = false;                 // the newest packet of it has stuffing, so it is the last one
    bool has_lost = false;                  // packets are missing since the last unit
    std::optional<std::int64_t> time = {};  // DTS of the newest unit
    std::int64_t step = 0;                  // between the two newest units
  };

  void take(Bytes packet, std::vector<Unit> &out);
  void take(Track &track, Bytes packet, Bytes payload, std::vector<Unit> &out);
  void use_tracks();
  void finish(Track &track, bool is_whole, std::vector<Unit> &out);
  void take_picture(Bytes pes, std::vector<Unit> &out);
  void take_sound(Bytes pes, std::vector<Unit> &out);
  struct Sound;
  std::optional<Sound> sound_at(Bytes bytes) const;

  std::vector<std::uint8_t> packet_;  // the begin of a packet whose end has not come
  TsCodecs codecs_;
  Tracks tracks_;
  Track video_, audio_;
  bool may_end_early_ = true;       // no picture has gone on after that
  std::vector<std::uint8_t> rest_;  // of audio: the begin of a frame whose end is in the next PES packet
};

}  // namespace astral::formats
