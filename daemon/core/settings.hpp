// SPDX-License-Identifier: BSD-3-Clause
// What a core::Node is told once, at its making.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/limits.hpp"
#include "core/types.hpp"

namespace astral::core {

enum class Role {
  automatic,  // a child where there is room, otherwise a supernode
  child,
  supernode,
};

struct Settings {
  NodeInfo self;
  std::string fingerprint = {};  // of our key
  std::optional<std::uint64_t> upstream_bps =
      {};                            // what all children nodes together may take; none: no limit
  std::uint32_t max_children = 100;  // that get streams from us; local players are not counted
  std::uint32_t capacity = 100;      // nodes that may register with us, where we are a supernode
  Role role = Role::automatic;
  bool may_be_seeded = true;              // others may make us take a stream
  std::vector<NodeInfo> remembered = {};  // from the last time
  std::vector<Address> bootstrap = {};
  bool has_origin = false;  // it decides whose a name is, and knows streams that we do not
  std::uint64_t seed = 0;
  std::int64_t unix_ms_at_zero = 0;  // the wall clock at Time{0}, for `created` and `updated`
  Timeouts timeouts = {};
  std::uint64_t renew_streams = 100'000;  // that a link to a parent keeps, before the next takes its place
};

}  // namespace astral::core
