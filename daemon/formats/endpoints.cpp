// SPDX-License-Identifier: BSD-3-Clause
#include "formats/endpoints.hpp"

namespace astral::formats {

std::vector<Endpoint> endpoints(const std::vector<LiveFormat> &live) {
  std::vector<Endpoint> all{hls};
  for (const LiveFormat &format : live)
    all.push_back({.id = std::string(format.format.id),
                   .name = format.name,
                   .path = format.path(),
                   .type = format.type});
  all.insert(all.end(), {whep, whip});
  return all;
}

}  // namespace astral::formats
