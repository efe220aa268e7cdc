// SPDX-License-Identifier: BSD-3-Clause
// What must hold for the network as a whole: after each step, and when it has come to rest.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace astral::sim {

class Invariants {
 public:
  Invariants(core::World &world, std::vector<core::Slug> slugs);

  // After each step of `node`: no circle through it, no room promised beyond its budget, at most one active
  // parent.
  void after(std::size_t node, const core::Effects &effects);
  // Each node has a role, each viewer that can be fed is fed, both ends of each ticket agree.
  void at_rest(const std::vector<std::pair<std::size_t, core::Slug>> &viewers);
  // Media comes to each viewer; each viewer has the ticket that it had.
  void media_flows(const std::vector<std::pair<std::size_t, core::Slug>> &viewers);
  void tickets_stay(const std::map<std::pair<std::size_t, core::Slug>, core::TicketId> &tickets);
  void objects_lost(std::uint64_t count) { say(std::to_string(count) + " objects were lost"); }
  // Since `before`, only messages were sent that keep the network alive.
  void only_heartbeats(const core::World::Traffic &before, const core::World::Traffic &after);

  const std::vector<std::string> &broken() const { return broken_; }

 private:
  core::Uuid with_room(
      const core::Slug &slug);  // a node that gets the stream and could feed another; or empty
  void say(const std::string &what);
  void tickets_agree();
  std::size_t without_standby();  // viewers

  core::World &world_;
  std::vector<core::Slug> slugs_;
  std::vector<std::string> broken_;
};

}  // namespace astral::sim
