// SPDX-License-Identifier: BSD-3-Clause
// The tables of MPEG-TS that say which packets carry which track (ISO/IEC 13818-1, 2.4.4). Reads only tables
// that fit into one packet, as those of few tracks do, and does not check their checksum. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats {

struct TsTrack {
  unsigned type;  // stream_type, table 2-34
  std::uint16_t pid;
  Bytes descriptors;  // part of the packet
};

class TsTables {
 public:
  // Whether a packet's PID is that of a table.
  bool has(std::uint16_t pid) const { return pid == 0 || pid == map_pid_; }
  // `payload`: of a packet in which such a table begins. Returns true if that was the table of the tracks.
  bool read(std::uint16_t pid, Bytes payload);
  const std::vector<TsTrack> &tracks() const {
    return tracks_;
  }  // after read(), as long as its payload lives

 private:
  static constexpr std::uint16_t none = 0xFFFF;

  std::uint16_t map_pid_ = none;
  std::vector<TsTrack> tracks_;
};

}  // namespace astral::formats
