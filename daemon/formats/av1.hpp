// SPDX-License-Identifier: BSD-3-Clause
// Reads the sequence header of AV1 (AV1 Bitstream & Decoding Process Specification, 5.5), and writes the
// decoder's configuration of it (AV1 Codec ISO Media File Format Binding, 2.3.3). Pure; the input is not
// trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::formats::av1 {

struct Sequence {
  unsigned profile = 0, level = 0, tier = 0;  // as they are coded
  unsigned bits = 8;                          // of a sample
  bool is_grey = false;
  unsigned chroma_x = 1, chroma_y = 1,
           chroma_position = 0;    // subsampling_x, subsampling_y, chroma_sample_position
  unsigned width = 0, height = 0;  // pixels

  unsigned chroma_format() const;  // as VideoFacts::chroma
  bool operator==(const Sequence &) const = default;
};

// The sequence header OBU, whole, that a temporal unit has. Empty: it has none.
Bytes find_sequence(Bytes temporal_unit);
// Whether a decoder can start with this temporal unit: it has a sequence header.
inline bool is_start(Bytes temporal_unit) {
  return !find_sequence(temporal_unit).empty();
}
// `obu`: a sequence header OBU. None: it is cut short.
std::optional<Sequence> read_sequence(Bytes obu);

// The content of an av1C box. Empty: this is no sequence header OBU.
std::vector<std::uint8_t> write_record(Bytes obu);
// The sequence header OBU of such a record. Empty: it has none. None: it is no such record.
std::optional<Bytes> read_record(Bytes record);

}  // namespace astral::formats::av1
