// SPDX-License-Identifier: BSD-3-Clause
// What an object says of the buffer it was made from, and how that is written as an object property.
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
  bool delta = false;  // cannot be decoded by itself
  bool discontinuity = false;
  bool header = false;
  std::uint64_t catalog = 0;  // the catalog's group that describes this object's caps

  bool operator==(const Timing &) const = default;
};

// Application-private object property (MOQT, 2.5): odd, so a length and bytes. Its value is one byte of
// flags, the catalog, then what the flags announce: pts, dts - pts, duration; vi64, signed ones zigzag.
inline constexpr std::uint64_t timing_property = 0x3801;

// The whole properties block of an object.
std::vector<std::uint8_t> encode_timing(const Timing &timing);
// Errors: invalid. A block without a timing property yields an empty Timing; unknown properties are skipped.
Expected<Timing> decode_timing(Bytes properties);

}  // namespace astral::track
