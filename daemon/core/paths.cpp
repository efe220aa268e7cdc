// SPDX-License-Identifier: BSD-3-Clause
#include "core/paths.hpp"

#include <algorithm>

#include "core/limits.hpp"
#include "protocol/nat.hpp"

namespace astral::core {
namespace {

constexpr Time first_pause = 2min;
constexpr Time last_pause = 16min;
// A failure is forgotten this long after its pause, and with it how long the pause was.
constexpr Time memory = 5min;

// Without a TURN server.
protocol::Obstacle obstacle_between(const Request &request, const Giver &giver) {
  if (!may_meet(request.families, giver.families)) return protocol::Obstacle::no_common_family;
  const bool may_meet_inside = !giver.address.empty() && giver.address == request.address;
  const bool is_for_supernode = !request.asker.uuid.empty() && request.asker.via == request.asker.uuid;
  const bool has_tcp = giver.supernode || is_for_supernode;
  if (may_meet_inside || has_tcp) return protocol::Obstacle::none;
  return obstacle(request.nat, request.families, giver.nat, giver.families);
}

bool turn_helps(const Request &request, const Giver &giver) {
  return may_meet(request.families, giver.families) &&
         protocol::turn_helps(request.nat, request.turn, giver.nat, giver.turn);
}

std::string text_of(protocol::Obstacle obstacle, const Giver &giver) {
  if (obstacle != protocol::Obstacle::no_common_family) return text(obstacle);
  return giver.families.ipv6 ? "it has IPv6 only, this node IPv4 only"
                             : "it has IPv4 only, this node IPv6 only";
}

}  // namespace

std::string no_path(const Request &request, const Giver &giver, Doubt doubt) {
  const protocol::Obstacle known =
      turn_helps(request, giver) ? protocol::Obstacle::none : obstacle_between(request, giver);
  const bool proves_little = known == protocol::Obstacle::none || known == protocol::Obstacle::udp_blocked ||
                             known == protocol::Obstacle::symmetric_and_unknown;
  if (doubt == Doubt::certain && proves_little) return {};
  if (known != protocol::Obstacle::none) return text_of(known, giver);
  const std::vector<Uuid> &tried = request.unreachable;
  const bool failed = std::find(tried.begin(), tried.end(), giver.uuid) != tried.end();
  return failed ? "no connection came up" : "";
}

bool needs_turn(const Request &request, const Giver &giver) {
  return turn_helps(request, giver) && obstacle_between(request, giver) != protocol::Obstacle::none;
}

std::string tcp_address(const NodeInfo *node) {
  if (node == nullptr || !node->supernode || node->origin || node->ip_address.empty()) return {};
  const bool six = node->ip_address.find(':') != std::string::npos;
  return (six ? "[" + node->ip_address + "]" : node->ip_address) + ":" + std::to_string(node->port);
}

void FailedPaths::failed(const Uuid &node, Time now) {
  std::erase_if(failures_, [&](const auto &entry) { return entry.second.until + memory <= now; });
  if (failures_.size() >= max_failed_paths && !failures_.contains(node)) {
    const auto sooner = [](const auto &a, const auto &b) { return a.second.until < b.second.until; };
    failures_.erase(std::min_element(failures_.begin(), failures_.end(), sooner));
  }
  Failure &failure = failures_[node];
  failure.pause = std::clamp(failure.pause * 2, first_pause, last_pause);
  failure.until = now + failure.pause;
}

bool FailedPaths::has(const Uuid &node, Time now) const {
  const auto found = failures_.find(node);
  return found != failures_.end() && now < found->second.until;
}

std::vector<Uuid> FailedPaths::list(Time now) const {
  std::vector<Uuid> nodes;
  for (const auto &[uuid, failure] : failures_)
    if (now < failure.until && nodes.size() < max_unreachable) nodes.push_back(uuid);
  return nodes;
}

}  // namespace astral::core
