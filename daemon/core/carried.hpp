// SPDX-License-Identifier: BSD-3-Clause
// One stream that this node publishes or receives: where it comes from now, who wants it, and how far the
// search for a parent is. A plain record; Consumer and Publishing change it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/search.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

//            ┌──────────── the link ends, no candidate is left ───────────┐
//            ▼                                                            │
//  orphan ──begin──▶ asking ──Offer──▶ joining ──the source confirms──▶ fed
//    ▲                │  ▲                │  ▲                    │
//    └─ none is left ─┘  └─ it failed: ───┘  └─ it was lost, and ──┘
//                           the next one        one stands by: its media flows, it is asked to be the parent
// An orphan that is wanted tries again after a while; its relay stays open and its children stay linked.
// A fed one with a search is moving: it keeps its parent until the media of the next one has come.
//
// Fed, it has one that stands by, or looks for one: (none) ──▶ spare search ──▶ its link comes up ──▶ it
// stands by. Where the parent is silent its media is tried; if only its media comes, it is the next parent.
enum class Phase { orphan, asking, joining, fed };

struct Carried {
  Slug slug;
  Phase phase = Phase::orphan;
  bool own = false;      // this node is the source
  bool media = false;    // between OpenMedia and CloseMedia
  bool watched = false;  // by the API, until the ticket is revoked

  TicketId held = {};         // the link to the parent, or to the publisher's element; empty: none
  TicketId coming = {};       // fed: the parent that will replace it, its source is there already
  bool coming_flows = false;  // it stood by, and its media is here before it was granted
  TicketId standby = {};  // offered: its link comes up; standing_by: it will feed us when the parent fails
  std::optional<Time> silent = {};   // since when the parent's media does not come
  std::uint32_t tries = 0;           // of one that stands by, since media came
  Time tried = {};                   // the last of them
  bool trying = false;               // so the one that stands by is switched on
  std::optional<Search> spare = {};  // for one that stands by
  std::uint32_t spares = 0;          // searches for a better one since the parent or it changed
  Time standby_since = {};
  Time standby_backoff = {};
  bool cut = false;             // somebody on our path, or we ourselves, looks for a parent in vain
  std::uint32_t hops = 0;       // links between the publisher's node and this one
  std::vector<Uuid> path = {};  // from the publisher's node to our parent
  std::optional<Search> search = {};
  std::vector<CallId> calls = {};                                    // API calls that wait for this search
  Uuid avoid = {};                                                   // the parent that was lost: chosen last
  Uuid leaver = {};                                                  // the parent, when it asked us to go
  std::uint32_t leavings = 0;                                        // tries to get away from it
  std::uint32_t improvements = 0;                                    // tried since this parent feeds us
  Carrying told = {.slug = {}, .hops = 0, .room = 0, .over = true};  // what our supernode knows
  Time fed_since = {};
  std::optional<Time> renewing = {};  // since when a new link was asked for, which has not come
  std::optional<Time> lost = {};      // when it was an orphan again
  Time backoff = {};

  // Only of our own streams.
  PeerId publisher = 0;  // the element that publishes; 0: away
  bool paused = false;
  std::uint64_t largest_group = 0;
  std::uint64_t told_kbps = 0;  // the bit rate that the others know
};

}  // namespace astral::core
