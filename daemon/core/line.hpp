// SPDX-License-Identifier: BSD-3-Clause
// What this node knows of its line to the network, and when it measures it. A measurement tells what the line
// carried at least: the other end may have been the slower one. So the highest of all counts, until the links
// to the children show that it is less. A node of the same local network counts only as long as no other one
// did.
#pragma once

#include <cstdint>
#include <vector>

#include "core/directory.hpp"
#include "core/input.hpp"
#include "core/line_learner.hpp"
#include "core/outbox.hpp"
#include "core/sessions.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Line {
 public:
  Line(ThisNode &node, Outbox &outbox, const Sessions &sessions, const Tickets &tickets,
       UpstreamBudget &budget, const Directory &directory);

  void settled();  // this node has a supernode, or is one
  void beat();
  // Another node measures with us: a child that came now would spoil it. measured() follows.
  void begun();
  // True: the room has changed.
  bool measured(const BandwidthMeasured &input);
  bool seen(const std::vector<LinkSeen> &links);

 private:
  bool learns() const { return !node_.settings.upstream_bps; }
  bool idle() const;
  void look();
  void know(std::uint64_t bps, bool well);

  ThisNode &node_;
  Outbox &outbox_;
  const Sessions &sessions_;
  const Tickets &tickets_;
  UpstreamBudget &budget_;
  const Directory &directory_;
  std::uint64_t line_bps_ = 0;
  bool well_ = false;  // measured, or found to be full; not only a lower bound
  bool by_guest_ = false;  // measured only by a node that may be slower itself
  bool near_ = false;  // known only from a node of this local network, which may be faster than the line
  bool measuring_ = false;
  Time next_{};  // a measurement, when nothing flows
  Time again_{};
  Time doubted_ = never;  // from then on the line may be better than its full links told
  Time undisturbed_{};    // until then nobody who measures keeps children away
  LineLearner learner_;
};

}  // namespace astral::core
