// SPDX-License-Identifier: BSD-3-Clause
// Parses the requests of an HLS player: file names, and the delivery directives in the playlist's query
// (RFC 8216bis, 6.2.5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "glue/error.hpp"

namespace astral::formats {

// What the segments are: MPEG-TS, or fragments of MP4, which hold more codecs and need an initialization
// segment before them.
enum class Container : std::uint8_t { ts, mp4 };

// "41.ts" or "41.m4s", relative to the playlist, and back. Nothing for any other name.
std::string segment_name(std::uint64_t sequence, Container container = Container::ts);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);

// "41.3.ts" or "41.3.m4s": the fourth part of segment 41.
struct PartId {
  std::uint64_t sequence = 0;
  std::uint64_t index = 0;
  bool operator==(const PartId &) const = default;
};
std::string part_name(const PartId &part, Container container = Container::ts);
std::optional<PartId> parse_part_name(std::string_view name);

// "41.init.mp4": the initialization segment that segment 41 is the first to need.
std::string init_name(std::uint64_t sequence);
std::optional<std::uint64_t> parse_init_name(std::string_view name);

// The MIME type of a file of this name.
const char *media_type(std::string_view name);

struct PlaylistQuery {
  std::optional<std::uint64_t> sequence = {};  // _HLS_msn: answer once the playlist has this segment
  std::optional<std::uint64_t> part = {};      // _HLS_part: or already with this part of it
  bool may_skip = false;                       // _HLS_skip: the player knows the older segments
  bool operator==(const PlaylistQuery &) const = default;
};

// `query`: percent-encoded, as in the URL. Ignores other parameters. invalid: a directive has a bad value.
Expected<PlaylistQuery> parse_playlist_query(std::string_view query);

}  // namespace astral::formats
