// SPDX-License-Identifier: BSD-3-Clause
// The origin's calls: what each path answers, in JSON to programs and in HTML to people. No socket: a test
// calls them as the server does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "glue/key.hpp"
#include "http/routes.hpp"
#include "http/stun_call.hpp"
#include "origin/checks.hpp"
#include "origin/records.hpp"
#include "origin/registry.hpp"

namespace astral::origin {

using Clock = std::function<UnixTime()>;
using Keep = std::function<void(Changes, std::function<void(Expected<void>)>)>;

// What the calls use outside the registry.
struct Edges {
  Clock clock;
  Keep keep;  // calls back when the changes are on the disk, or cannot be
  std::function<bool(const Check &)>
      check;  // starts a check; found() follows. False: not now
  std::optional<Key> key = {};   // signs the answers for programs
  std::string admin_token = {};  // empty: nobody administers this origin
  http::SendStun send_stun = [](const std::string &, const std::string &) { return false; };
};

// For http::Route. The registry outlives the routes.
std::vector<http::Route> routes(Registry &registry, const Edges &edges);

// Applies the result of a check. A node that does not answer but did so before is removed. A node that was
// never reachable stays, because it may be behind a NAT.
void found(Registry &registry, const Edges &edges, const std::string &uuid, bool answered);

}  // namespace astral::origin
