// SPDX-License-Identifier: BSD-3-Clause
// Where other programs play or publish a stream at a node: the URL, the MIME type, and the name for people.
// GET /settings, GET /openapi.json, the gateways and the pages read it here. Pure.
#pragma once

#include <string>
#include <vector>

#include "formats/player.hpp"

namespace astral::formats {

struct Endpoint {
  enum class Use { play, publish };

  std::string id;    // "flv": its field in GET /settings is flv_url
  std::string name;  // "HTTP-FLV"
  std::string path;  // after /stream/SLUG
  std::string type;  // MIME type: of the answer, or of both sides of the exchange
  Use use = Use::play;

  std::string setting() const { return id + "_url"; }
};

// A format that GET /stream/SLUG/live.ID answers with, for as long as the stream lasts. media/ registers them
// (media/player_formats.cpp).
struct LiveFormat {
  Format format;
  std::string name;
  std::string type;

  std::string path() const { return "/live." + std::string(format.id); }
};

// These have gateways of their own.
inline const Endpoint hls{
    .id = "hls", .name = "HLS", .path = "/hls/index.m3u8", .type = "application/vnd.apple.mpegurl"};
inline const Endpoint whep{.id = "whep", .name = "WHEP", .path = "/whep", .type = "application/sdp"};
inline const Endpoint whip{
    .id = "whip", .name = "WHIP", .path = "/whip", .type = "application/sdp", .use = Endpoint::Use::publish};

// All endpoints of a node that has these live formats.
std::vector<Endpoint> endpoints(const std::vector<LiveFormat> &live);

}  // namespace astral::formats
