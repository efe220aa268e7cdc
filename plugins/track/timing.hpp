// SPDX-License-Identifier: BSD-3-Clause
// The timing of the buffer that an object was made from, and its coding as an object property.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::track {

// Units: nanoseconds of the publisher's running time.
struct Timing {
  std::optional<std::int64_t> pts;
  std::optional<std::int64_t> dts;
  std::optional<std::int64_t> duration;
  bool delta = false;  // GST_BUFFER_FLAG_DELTA_UNIT: cannot be decoded by itself
  bool discontinuity = false;
  bool header = false;
  std::uint64_t catalog = 0;  // group of the catalog that has this object's caps

  bool operator==(const Timing &) const = default;
};

// Application-private object property (MOQT draft 18, 2.5). Odd, so it has a length and bytes: a byte of
// flags, the catalog group, then as the flags say pts, dts - pts and duration; vi64, zigzag for the signed
// ones.
inline constexpr std::uint64_t timing_property = 0x3801;

// Encodes an object's whole properties block.
std::vector<std::uint8_t> encode_timing(const Timing &timing);
// Decodes a properties block. The timing may be one of the immutable properties, as in signed objects.
// Without a timing property the Timing is empty; unknown properties are skipped.
// Errors: invalid.
Expected<Timing> decode_timing(Bytes properties);

}  // namespace astral::track
