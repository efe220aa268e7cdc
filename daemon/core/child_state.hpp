// SPDX-License-Identifier: BSD-3-Clause
// The state of a ticket that this node gave: how far the link to that child is. Decides nothing.
#pragma once

#include <string_view>

namespace astral::core {

enum class TicketState { waiting, requested, offered, confirmed, standing_by };

// waiting ──the media is opened──────────┐
//                                        ▼
// checking ──LoopChecked: no loop──▶ asking ──the relay's Offer──▶ offered ──Confirm──▶ fed ◀──▶ slow
//                                                                                      │ ▲
//                                                                                 Hold │ │ no loop: granted
//                                                                                      ▼ │
//                                                                 standby ──Request──▶ resuming
//                                                                    ▲                   │
//                                                                    └──────Hold─────────┘
//
// A local player waits for a stream that is being searched for. A child that has children of its own is
// checked for a loop before the relay is asked, and again when it stood by and wants to be fed. A child that
// was asked for as a standby goes from `fed` to `standby` at once. A `slow` child did not hold the rate and
// was told to leave; if it finds no other parent, it is `fed` again. From every state the ticket may end:
// refused, cancelled by either end, lapsed, or its peer is lost. It is no longer in Tickets then.
enum class ChildState { waiting, checking, asking, offered, fed, slow, standby, resuming };

TicketState agreed(ChildState state);  // as Tickets and the API show it
bool has_link(ChildState state);       // the relay has its link
bool checks_loop(ChildState state);    // a LoopCheck is under way
bool may_follow(ChildState from, ChildState to);

// What a ticket takes of the upstream: nothing while it stands by, and nothing for a local player.
enum class Claim { none, reserved, overcommitted };

}  // namespace astral::core
