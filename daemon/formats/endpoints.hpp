// SPDX-License-Identifier: BSD-3-Clause
// Where people's programs find a stream at a node, one row for each way: GET /settings names it, a gateway
// serves it. Pure.
#pragma once

#include <array>
#include <optional>

#include "formats/player.hpp"

namespace astral::formats {

struct Endpoint {
  const char *setting;              // its field in GET /settings
  const char *path;                 // behind /stream/SLUG
  const char *type;                 // the MIME type of what comes, or of what is exchanged
  std::optional<Format> live = {};  // the format of an answer that does not end; nothing: another exchange
};

inline constexpr Endpoint hls{"hls_url", "/hls/index.m3u8", "application/vnd.apple.mpegurl"};
inline constexpr Endpoint whip{"whip_url", "/whip", "application/sdp"};
inline constexpr Endpoint whep{"whep_url", "/whep", "application/sdp"};

// A format that is only another endless answer is one row here, its value of Format, and what makes its bytes
// (media/stream.cpp).
inline constexpr std::array endpoints{
    hls,
    Endpoint{"flv_url", "/live.flv", "video/x-flv", Format::flv},
    Endpoint{"ts_url", "/live.ts", "video/mp2t", Format::ts},
    whip,
    whep,
};

}  // namespace astral::formats
