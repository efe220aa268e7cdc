// SPDX-License-Identifier: BSD-3-Clause
// The description of the HTTP API: openapi.json, with the live formats of this node filled in.
#pragma once

#include <string>
#include <vector>

#include "formats/endpoints.hpp"

namespace astral::api {

// **Thread**: any.
std::string openapi(const std::vector<formats::LiveFormat> &live);

}  // namespace astral::api
