// SPDX-License-Identifier: BSD-3-Clause
// What must hold of the network as a whole: after every step, and when it has come to rest.
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

  // After every step of `node`: no circle through it, no more given than there is, one active parent at most.
  void after(std::size_t node, const core::Effects &effects);
  // Everyone has a place, whoever can be fed is, both ends of every ticket agree.
  void at_rest(const std::vector<std::pair<std::size_t, core::Slug>> &viewers);
  // Nothing stops: media comes to each of them; each has the ticket that it had.
  void media_flows(const std::vector<std::pair<std::size_t, core::Slug>> &viewers);
  void tickets_stay(const std::map<std::pair<std::size_t, core::Slug>, core::TicketId> &tickets);
  void objects_lost(std::uint64_t count) { say(std::to_string(count) + " objects were lost"); }
  // Of what was sent since `before`, only what keeps the network alive.
  void only_heartbeats(const core::World::Traffic &before, const core::World::Traffic &after);

  const std::vector<std::string> &broken() const { return broken_; }

 private:
  void say(const std::string &what);
  void tickets_agree();
  std::size_t without_standby();  // viewers

  core::World &world_;
  std::vector<core::Slug> slugs_;
  std::vector<std::string> broken_;
};

}  // namespace astral::sim
