// SPDX-License-Identifier: BSD-3-Clause
// The state of a node at one moment, from four answers, for people and for scripts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ctl/objects.hpp"
#include "glue/error.hpp"

namespace astral::ctl {

// The bodies of GET /node, /streams, /tickets and /nodes.
struct Bodies {
  std::string node = {};
  std::string streams = {};
  std::string tickets = {};
  std::string nodes = {};
};

struct Snapshot {
  NodeObject self = {};
  std::vector<StreamObject> streams = {};   // live ones first, then by slug
  std::vector<TicketObject> tickets = {};   // by stream, active ones first
  std::vector<NodeObject> neighbours = {};  // its primary, other supernodes, other nodes; without itself
};

// **Errors** invalid, too_large: an answer is not the one that the node's openapi.json describes.
Expected<Snapshot> read_snapshot(const Bodies &bodies);

// One JSON object on one line, without a newline: time_ms, and the members of the four answers unchanged.
Expected<std::string> snapshot_line(const Bodies &bodies, std::int64_t unix_ms);
std::string trouble_line(const Error &error, std::int64_t unix_ms);

}  // namespace astral::ctl
