// SPDX-License-Identifier: BSD-3-Clause
// One search for a parent: what was asked, what was offered so far. A plain record; Consumer changes it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// finding ──the first Offer──▶ gathering ──the time is up──▶ linking ──Confirm──▶ (found)
//    │                                          ▲               │ the link ends: the next offer, or finding
//    │ ▲                                        └───────────────┘
//    │ └── a little later ── waiting: the stream is live, but no supernode knows yet who has it, or has room
//    └── nobody, and it was wide ──▶ (failed)
enum class Step { finding, waiting, gathering, linking };

struct Search {
  SearchId id = {};
  Step step = Step::finding;
  bool wide = false;                      // beyond what our supernode and its children have
  std::uint32_t better_than = 0;          // a move only to fewer hops; 0: to anywhere
  Uuid away_from = {};                    // a parent that asked us to go
  std::uint32_t refused = 0;              // by so many of those that were asked at once
  std::optional<Time> known = {};         // since when somebody knows the stream
  std::map<TicketId, Offer> offers = {};  // their tickets are held, in state offered
};

}  // namespace astral::core
