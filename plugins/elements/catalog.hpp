// SPDX-License-Identifier: BSD-3-Clause
// The `catalog` track: what the media track of the same stream is. One JSON object, a new group whenever it
// changes; the newest one is also a property of both tracks, so that whoever joins has it with SUBSCRIBE_OK.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"

namespace astral::elements {

inline constexpr const char *catalog_track = "catalog";
inline constexpr const char *media_track = "media";
// Track property, application-private and odd: the newest catalog's bytes.
inline constexpr std::uint64_t catalog_property = 0x3803;
// Track property, even: its group.
inline constexpr std::uint64_t catalog_group_property = 0x3804;
// Track property, even: the publisher's running time, in nanoseconds, of an object that would come to the
// provider in this moment by the shortest way. Negative ones as two's complement.
inline constexpr std::uint64_t present_property = 0x3806;
// Of "{", "<" and "[" in its caps: GStreamer reads what they enclose by recursion, and has no limit of its
// own.
inline constexpr std::size_t max_caps_brackets = 32;
// A property's value has at most 65535 bytes (MOQT, 1.4.3).
inline constexpr std::size_t max_catalog = 60'000;

inline moqt::TrackName track_name(const std::string &slug, const char *track) {
  return {{"astral", slug}, track};
}

struct Catalog {
  std::uint64_t group = 0;  // of the catalog track; 0: there is none yet
  std::string caps;         // as gst_caps_to_string() writes them, without streamheader
  std::vector<Slice> streamheader;
  Slice text;  // the JSON that it was read from, forwarded as it came
};

// Errors: too_large, also where the caps have too many brackets.
Expected<Catalog> make_catalog(std::uint64_t group, const std::string &caps, std::vector<Slice> streamheader);
// Errors: invalid, too_large.
Expected<Catalog> read_catalog(std::uint64_t group, Slice text);

}  // namespace astral::elements
