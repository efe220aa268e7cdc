// SPDX-License-Identifier: BSD-3-Clause
// The tables that a player of MPEG-TS gets before the newest group, as packets whose continuity counters lead
// to the group's own tables (ISO/IEC 13818-1, 2.4.3.3). Without that VLC reports a discontinuity. Pure; the
// input is not trusted.
#pragma once

#include <cstdint>
#include <map>

#include "glue/bytes.hpp"

namespace astral::formats {

class TsHeader {
 public:
  TsHeader() = default;
  explicit TsHeader(Slice packets);

  const Slice &packets() const { return packets_; }
  void begin_group();
  // `piece`: the group's next packets. True: packets() has changed.
  bool see(Bytes piece);

 private:
  void lead_to(std::uint16_t pid, unsigned counter);

  Slice packets_;
  std::map<std::uint16_t, unsigned> counts_;   // packets in packets_, by PID
  std::map<std::uint16_t, unsigned> awaited_;  // those that the group has not repeated yet
};

}  // namespace astral::formats
