// SPDX-License-Identifier: BSD-3-Clause
// Decides, packet by packet, where a decoder can start in an MPEG transport stream, and keeps the tables that
// it needs first. Reads only PAT, PMT, the adaptation field and the first bytes of a PES packet. Sources:
// ISO/IEC 13818-1 (2.4.3 transport packets, 2.4.4 PSI), H.264 and H.265 table 7-1 (NAL unit types).
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
    table,    // PAT, PMT and similar: belongs to what follows
    sync,     // a decoder can start here: a key frame's PES, or any PES if there is no video
    delta,    // video that needs earlier packets
    neutral,  // anything else: audio beside video, null packets, invalid packets
  };

  Kind classify(Bytes packet);  // packet_size bytes

  // The packets of the newest PAT and PMT. Empty until both were seen.
  std::vector<std::uint8_t> tables() const;
  // Increases when a table changes.
  std::uint64_t version() const { return version_; }

 private:
  // Collects the packets of one table until its section is complete.
  struct Table {
    std::vector<std::uint8_t> packets;
    std::vector<std::uint8_t> section;
    std::vector<std::uint8_t> whole;  // the packets of the newest complete table
    std::vector<std::uint8_t> said;   // the section of that table
    // True if a section has become complete and differs from the one before; it is in `said`.
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
