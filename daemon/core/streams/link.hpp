// SPDX-License-Identifier: BSD-3-Clause
// One link to somebody who gives us a stream, or might: a ticket that we hold, and how far it is. Decides nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "core/tickets.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// A node offers, in answer to a search. The publisher's element is asked, and then offers.
//
//  requested ──Offer──▶ offered ──AddSource──▶ linking ──────── the source confirms ─────────▶ granted
//                          │                                                                      ▲
//                          └─AddSource──▶ preparing ──confirms, Hold──▶ ready ─Switch, Request─▶ switching
//                                                                         │ ▲                     ▲
//                                                  its media is asked for │ │ and not any more    │ Request
//                                                                         ▼ │                     │
//                                                                        tried ───────────────────┘
//
// From every state it may be gone: refused, cancelled by either end, its link ended, its peer lost, its time over.
// A link that is gone is no longer in the stream's record. A `granted` one feeds us, or is about to; which of two is
// the parent says roles() in plan.hpp.
enum class LinkState { requested, offered, linking, preparing, ready, tried, switching, granted };

// What the two ends have agreed upon so far, in the words of the book of tickets and of the API.
TicketState agreed(LinkState state);
bool has_source(LinkState state);         // between AddSource and RemoveSource
bool on_standby(LinkState state);         // up, or coming up, and no place is taken by it
bool may_follow(LinkState from, LinkState to);

struct Link {
  TicketId id;
  LinkState state = LinkState::requested;
  Time since = {};  // of the state
  Uuid source = {};
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};       // from the publisher's node to `source`
  Time rtt = {};                     // to `source`, when it offered
  bool cut = false;                  // its path does not reach the publisher now
  bool leaving = false;              // it asked us to find another parent
  std::uint64_t grant = 0;           // the number of its grant among those of this stream; 0: not granted yet
  std::optional<Time> up = {};       // since when its link stands by
  std::optional<Time> media = {};    // the first that came since it was switched on
  Offer offer = {};                  // what its source needs to link

  bool passes(const Uuid &node) const;  // on its way from the publisher
};

// Until when it may stay in its state without news; never: as long as it likes.
Time expiry(const Link &link, const Timeouts &times);

}  // namespace astral::core
