// SPDX-License-Identifier: BSD-3-Clause
#include "core/overshoot.hpp"

#include <algorithm>
#include <tuple>

namespace astral::core {

std::vector<TicketId> excess(std::vector<FedChild> children, std::uint64_t used_bps,
                             std::uint64_t limit_bps) {
  std::vector<TicketId> going;
  const std::uint64_t borne_bps = limit_bps / borne_part;
  const auto too_much = [&] { return used_bps > limit_bps && used_bps - limit_bps > borne_bps; };
  if (!too_much()) return going;
  std::sort(children.begin(), children.end(), [](const FedChild &a, const FedChild &b) {
    return std::tuple(a.fed, !a.slow, !a.leaf, b.since, a.id) <
           std::tuple(b.fed, !b.slow, !b.leaf, a.since, b.id);
  });
  for (const FedChild &child : children) {
    if (!too_much()) break;
    going.push_back(child.id);
    used_bps -= std::min(used_bps, child.cost_bps);
  }
  return going;
}

}  // namespace astral::core
