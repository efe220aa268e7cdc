// SPDX-License-Identifier: BSD-3-Clause
// Which codecs a stream of MPEG-TS has, by its tables, and which of several tracks counts. Pure; the input is
// not trusted.
#pragma once

#include <cstdint>
#include <string>

#include "formats/ts_tables.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

class TsCodecs {
 public:
  struct Track {
    static constexpr std::uint16_t none = 0xffff;
    std::uint16_t pid = none;
    std::string codec = {};  // as facts.hpp names it; empty: there is no such track
    unsigned channels = 0;   // of Opus; 0: unknown
    bool operator==(const Track &) const = default;
  };

  // Whether a packet's PID is that of a table.
  bool has(std::uint16_t pid) const { return tables_.has(pid); }
  // `payload`: of a packet in which such a table begins. Returns true if that was the table of the tracks.
  bool read(std::uint16_t pid, Bytes payload);
  // Reads the tables in a piece of whole packets. Returns the same.
  bool see(Bytes piece);
  // The next tables may have other PIDs.
  void forget_tables() { tables_ = {}; }

  const Track &video() const { return video_; }
  const Track &audio() const { return audio_; }
  // In all, of known codecs.
  unsigned video_tracks() const { return video_tracks_; }
  unsigned audio_tracks() const { return audio_tracks_; }

 private:
  void choose(bool is_video, Track &&other);

  TsTables tables_;
  Track video_, audio_;
  unsigned video_tracks_ = 0, audio_tracks_ = 0;
};

}  // namespace astral::formats
