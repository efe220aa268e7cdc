// SPDX-License-Identifier: BSD-3-Clause
// A link to a node that gives us a stream, or may give it: the ticket that we hold, and its state. Decides
// nothing.
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

// A node offers in answer to a search. The publisher's element is asked first, and then offers.
//
//  requested ──Offer──▶ offered ──AddSource──▶ linking ──────── the source confirms ─────────▶ granted
//                          │                                                                      ▲
//                          └─AddSource──▶ preparing ──confirms, Hold──▶ ready ─Switch, Request─▶ switching
//                                                                         │ ▲                     ▲
//                                                  its media is asked for │ │ and not any more    │ Request
//                                                                         ▼ │                     │
//                                                                        tried ───────────────────┘
//
// From every state the link may end: refused, cancelled by either end, the media link ended, its peer lost,
// its time over. It is no longer in the stream's record then. A `granted` link feeds us, or is about to;
// roles() in roles.hpp says which of two is the parent.
enum class LinkState { requested, offered, linking, preparing, ready, tried, switching, granted };

// What the two ends have agreed on so far, as Tickets and the API show it.
TicketState agreed(LinkState state);
bool has_source(LinkState state);  // between AddSource and RemoveSource
bool on_standby(LinkState state);  // up or coming up, and it takes no place
bool may_follow(LinkState from, LinkState to);

struct Link {
  TicketId id;
  LinkState state = LinkState::requested;
  Time since = {};  // of the state
  Uuid source = {};
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};     // from the publisher's node to `source`
  Time rtt = {};                   // to `source`, when it offered
  bool cut = false;                // its path does not reach the publisher now
  bool leaving = false;            // the source asked us to find another parent
  bool silent = false;             // the source acknowledges nothing: it is dead, or the path is cut
  std::uint64_t grant = 0;         // its number among the grants of this stream; 0: not granted yet
  std::optional<Time> up = {};     // since when it has been a standby with a link
  std::optional<Time> linked = {};  // when its media link came up
  bool doubtful = false;            // when it offered, links to `source` had failed, or brought nothing
  bool proven = false;              // when it offered, `source` had brought media before
  std::optional<Time> media = {};  // when the first media came after it was switched on
  Offer offer = {};                // what the source element needs to link

  bool passes(const Uuid &node) const;  // its path includes `node`
};

// Until when it may stay in its state; never: without a limit.
Time expiry(const Link &link, const Timeouts &times);
// When the first media of a granted link, or of one that is tried, is overdue.
Time overdue(const Link &link, const Timeouts &times);

}  // namespace astral::core
