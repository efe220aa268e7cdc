// SPDX-License-Identifier: BSD-3-Clause
// The settings of a core::Node.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/limits.hpp"
#include "core/types.hpp"

namespace astral::core {

enum class Role {
  automatic,  // a child if a supernode has room, otherwise a supernode
  child,
  supernode,
};

struct Settings {
  NodeInfo self;
  std::string fingerprint = {};                    // of our key
  std::optional<std::uint64_t> upstream_bps = {};  // for all child nodes together; none: no limit
  std::uint32_t max_children = 100;                // that get streams from us; local players are not counted
  std::uint32_t capacity = 100;                    // nodes that may register with us, if we are a supernode
  Role role = Role::automatic;
  bool may_be_seeded = true;              // another node may ask us to carry a stream
  std::vector<NodeInfo> remembered = {};  // nodes, from the last run
  std::vector<Address> bootstrap = {};
  bool has_origin = false;  // it decides to whom a name belongs, and knows streams that we do not
  std::uint64_t seed = 0;
  std::int64_t unix_ms_at_zero = 0;  // the wall clock at Time{0}, for `created` and `updated`
  Timeouts timeouts = {};
  std::uint64_t renew_streams = 100'000;  // QUIC streams that a link to a parent keeps, before it is renewed
};

}  // namespace astral::core
