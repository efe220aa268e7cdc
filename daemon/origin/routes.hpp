// SPDX-License-Identifier: BSD-3-Clause
// The origin's calls: what each path answers, in JSON to programs and in HTML to people. No socket: a test
// calls them as the server does.
#pragma once

#include <functional>
#include <vector>

#include "http/routes.hpp"
#include "origin/checks.hpp"
#include "origin/records.hpp"
#include "origin/registry.hpp"

namespace astral::origin {

using Clock = std::function<UnixTime()>;
using Keep = std::function<void(Changes, std::function<void(Expected<void>)>)>;

// What the calls reach of the world.
struct Edges {
  Clock clock;
  Keep keep;  // calls back when the changes are on the disk, or cannot be
  std::function<bool(const Check &)>
      check;  // asks a node whether it is there; found() follows. False: not now
};

// For http::Route. The registry outlives the routes.
std::vector<http::Route> routes(Registry &registry, const Edges &edges);

// A check's result: what it means for the node. Somebody's hint that the node is gone is right when it does
// not answer and once did; one that never could be reached may be behind a NAT.
void found(Registry &registry, const Edges &edges, const std::string &uuid, bool answered);

}  // namespace astral::origin
