// SPDX-License-Identifier: BSD-3-Clause
// The origin's calls: what each path answers, in JSON to programs and in HTML to people. No socket: a test
// calls them as the server does.
#pragma once

#include <functional>
#include <vector>

#include "api/routes.hpp"
#include "origin/records.hpp"
#include "origin/store.hpp"

namespace astral::origin {

using Clock = std::function<UnixTime()>;

// For api::Server. The store outlives the routes.
std::vector<api::Route> routes(Store &store, Clock clock);

}  // namespace astral::origin
