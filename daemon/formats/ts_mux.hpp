// SPDX-License-Identifier: BSD-3-Clause
// Makes MPEG-TS (ISO/IEC 13818-1; of Opus: ETSI TS 103 491-2 and Opus in MPEG-TS) of an H.264 or H.265 and an
// audio track, frame by frame, in the order in which they come: no track waits for the other one, and either
// may begin or change later. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "formats/timeline.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

class TsMux {
 public:
  enum class Video : std::uint8_t { none, h264, h265 };
  enum class Audio : std::uint8_t { none, aac, mp3, opus };  // with ADTS; with its own headers; as packets
  struct Frame {
    Kind kind = Kind::video;
    bool is_start = false;     // a decoder can start with this picture
    std::int64_t decoded = 0;  // DTS; 90 kHz, at least 0. Never goes back within a track
    std::int64_t shown = 0;    // ticks from DTS to PTS
    Bytes data = {};           // an access unit with start codes; an audio frame with its header
  };
  // The decoder's clock (PCR) is behind the newest frames of both tracks by at least this.
  static constexpr std::int64_t clock_delay = Timeline::second / 8;
  // It is sent at least this often if frames come as often (2.7.2: at most 100 ms apart).
  static constexpr std::int64_t clock_interval = Timeline::second / 25;
  static constexpr std::int64_t table_interval = Timeline::second / 2;

  // What the next frames are of. A change announces itself with the next frame.
  // `channels`: of Opus, 1 or 2.
  void set_tracks(Video video, Audio audio, unsigned channels = 2);
  // The packets of one frame. Tables precede a picture that a decoder can start with.
  std::vector<std::uint8_t> write(const Frame &frame);

 private:
  using Buffer = std::vector<std::uint8_t>;
  struct Track {
    std::uint8_t counter = 0;                     // continuity_counter of the next packet
    std::optional<std::int64_t> newest = {};      // DTS
    std::optional<std::int64_t> other_then = {};  // the other track's newest, when that came
  };

  Track &track_of(Kind kind) { return kind == Kind::video ? video_ : audio_; }
  bool has_video() const { return video_type_ != Video::none; }
  std::int64_t clock() const;
  void write_tables(Buffer &out);
  void write_section(Buffer &out, std::uint16_t pid, std::uint8_t &counter, Buffer section);
  void write_clock(Buffer &out, std::int64_t clock) const;

  Video video_type_ = Video::none;
  Audio type_ = Audio::none;
  unsigned channels_ = 2;
  bool are_tables_due_ = true;
  std::uint8_t version_ = 0;  // of the PMT
  std::uint8_t pat_counter_ = 0, pmt_counter_ = 0;
  std::optional<std::int64_t> tables_at_, clock_at_;  // when they were written last
  Track video_, audio_;
};

}  // namespace astral::formats
