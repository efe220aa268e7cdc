// SPDX-License-Identifier: BSD-3-Clause
// What a node consists of beside its parts. Node alone has all of it: each part is given only what it reads,
// by const reference, and what it may change.
#pragma once

#include <utility>

#include "core/directory.hpp"
#include "core/forgers.hpp"
#include "core/outbox.hpp"
#include "core/paths.hpp"
#include "core/rng.hpp"
#include "core/sessions.hpp"
#include "core/standing.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/ticket_changes.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

struct NodeContext {
  explicit NodeContext(Settings given) : node(std::move(given)) {}
  NodeContext(const NodeContext &) = delete;
  NodeContext &operator=(const NodeContext &) = delete;

  ThisNode node;
  Outbox outbox = {};
  TimerQueue timers = {};
  Rng rng{node.settings.seed};
  Directory directory = {};
  FailedPaths failed_paths = {};
  Deliveries standing = {};
  Forgers forgers = {};
  Sessions sessions{node, directory, outbox};
  Tickets tickets = {};
  TicketChanges ticket_changes{node, outbox, tickets, rng};
  UpstreamBudget budget{node.settings.upstream_bps, node.settings.max_children};
  StreamTable streams{node, directory, tickets, budget};
};

}  // namespace astral::core
