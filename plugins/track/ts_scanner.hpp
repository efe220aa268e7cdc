// SPDX-License-Identifier: BSD-3-Clause
// Decides, packet by packet, where a decoder can start in an MPEG transport stream, and keeps the tables that
// it needs first. Reads only what that takes: PAT, PMT, the adaptation field, the first bytes of a PES
// packet. Sources: ISO/IEC 13818-1 (2.4.3 transport packets, 2.4.4 PSI), H.264 and H.265 table 7-1 (NAL unit
// types).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::track {

class TsScanner {
 public:
  static constexpr std::size_t packet_size = 188;
  static constexpr std::size_t max_table_packets = 8;

  enum class Kind {
    table,    // PAT, PMT and their like: belongs to what follows
    sync,     // a decoder can start here: a key frame's PES begins, or any PES where there is no video
    delta,    // of the video, in need of what came before
    neutral,  // anything else: audio beside video, null packets, what is no packet at all
  };

  Kind classify(Bytes packet);  // packet_size bytes

  // The newest PAT and PMT packets, whole; empty until both were seen.
  std::vector<std::uint8_t> tables() const;
  // Counts up when a table says something else than before.
  std::uint64_t version() const { return version_; }

 private:
  // One table as it travels: its packets, until the section is whole.
  struct Table {
    std::vector<std::uint8_t> packets;
    std::vector<std::uint8_t> section;
    std::vector<std::uint8_t> whole;  // the packets of the newest complete one
    std::vector<std::uint8_t> said;   // its section
    // True when a section has become complete that says something new; it is in `said`.
    bool add(Bytes packet, Bytes payload, bool unit_start);
  };

  void read_pat();
  void read_pmt();
  bool is_key_frame(Bytes payload) const;

  static constexpr std::uint16_t none = 0xffff;
  Table pat_;
  Table pmt_;
  std::uint16_t pmt_pid_ = none;
  std::uint16_t video_pid_ = none;
  std::uint8_t video_type_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace astral::track
