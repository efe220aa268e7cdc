// SPDX-License-Identifier: BSD-3-Clause
// Which children must find another parent because their streams take more of the upstream than was promised:
// a rate was not known or has risen, or the line is thinner than it was thought to be. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

struct FedChild {
  TicketId id = {};
  std::uint64_t cost_bps = 0;
  bool fed = true;    // its link is there
  bool slow = false;  // it does not hold the rate
  bool leaf = false;  // it forwards nothing
  Time since = {};
};

// An excess of less than this part of the limit is borne: rates go up and down, and each move costs a search.
inline constexpr std::uint64_t borne_part = 8;

// In the order in which they go: those that are not fed yet, then those that are too slow, then those that
// forward nothing, then those that came last. No more than needed. `used_bps`: by these children and by
// others that stay.
std::vector<TicketId> excess(std::vector<FedChild> children, std::uint64_t used_bps, std::uint64_t limit_bps);

}  // namespace astral::core
