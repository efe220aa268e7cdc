// SPDX-License-Identifier: BSD-3-Clause
// The settings of a core::Node.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/limits.hpp"
#include "core/stream_keys.hpp"
#include "core/types.hpp"

namespace astral::core {

enum class Role {
  automatic,  // a child if a supernode has room, otherwise a supernode
  child,
  supernode,
};

// Who may ask us to carry a stream that nobody watches here.
enum class SeededBy {
  nobody,
  neighbours,  // of this machine or site
  anybody,     // and strangers whose streams need a relay
};

struct Settings {
  NodeInfo self;                                   // with `origin`: it carries signalling only
  std::string fingerprint = {};                    // of our key
  StreamKeys *stream_keys = nullptr;  // outlives the node. Null: what it says of its streams is not signed
  // For all child nodes together. None: no limit, or with `measures` what the line is found to carry.
  std::optional<std::uint64_t> upstream_bps = {};
  bool measures = false;
  std::uint32_t max_children = 100;                // that get streams from us; local players are not counted
  std::uint32_t max_players = 1'000;               // elements that play one stream from this node
  std::uint32_t capacity = 100;                    // nodes that may register with us, if we are a supernode
  Role role = Role::automatic;
  SeededBy seeded_by = SeededBy::anybody;
  std::vector<NodeInfo> remembered = {};  // nodes, from the last run
  std::vector<Address> bootstrap = {};
  bool has_origin = false;  // it decides to whom a name belongs, and knows streams that we do not
  std::optional<Address> origin_at = {};  // it may be our supernode while no other one has room
  std::uint64_t seed = 0;
  std::int64_t unix_ms_at_zero = 0;  // the wall clock at Time{0}, for `created` and `updated`
  Timeouts timeouts = {};
  std::uint64_t renew_streams = 100'000;  // QUIC streams that a link to a parent keeps, before it is renewed
};

// An origin is a supernode that gives nothing: it carries signalling, and never media.
inline Settings of_origin(Settings settings) {
  settings.self.origin = true;
  settings.role = Role::supernode;
  settings.upstream_bps = 0;
  settings.max_children = 0;
  settings.seeded_by = SeededBy::nobody;
  return settings;
}

}  // namespace astral::core
