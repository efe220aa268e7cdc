// SPDX-License-Identifier: BSD-3-Clause
// A file of the program's resources, which does not change while the program runs: with an ETag (RFC 9110,
// 8.8.3), and compressed for who takes gzip (8.4.1.3).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/call.hpp"

namespace astral::http {

// nullopt: the program has no such resource. `headers` go into 200 and 304. The first call reads and
// compresses the file; later ones share it. **Thread**: one.
std::optional<Reply> static_file(const std::string &resource, const std::string &type, const Call &call,
                                 std::vector<std::pair<std::string, std::string>> headers = {});

}  // namespace astral::http
