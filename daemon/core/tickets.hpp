// SPDX-License-Identifier: BSD-3-Clause
// The book of tickets: those that this node gave (to nodes and to local players) and those it holds (from its
// parents and from publishers' elements). Finds them by id, by stream and by peer; decides nothing. What else
// is known of one that we hold is in its Link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// waiting ──a source is found──▶ requested ──Offer──▶ offered ──Confirm──▶ confirmed
//    │                                 │ ▲                                 ▲ │ Hold
//    │                                 │ │                  └──── Hold ──┐ │ │ Hold
//    │                                 │ └──────── Request ── standing_by ◀┴─│─┘
//    │                                 └──── Path: granted, its link is up ──┘
//    └─────────────────────────────────┴────────────────┴─────────────────────
//        refused, cancelled by either end, lapsed, or its peer is lost ──▶ (ended: no longer in the book)
// Only a local player's ticket waits: its stream is being looked for. One that stands by has its link and
// takes no room; who has not been granted what it asked for may hold it again.
enum class TicketState { waiting, requested, offered, confirmed, standing_by };
enum class Side { given, held };

std::string_view name(TicketState state);

struct Ticket {
  TicketId id;
  Slug slug;
  Side side = Side::given;
  TicketState state = TicketState::requested;
  PeerId peer = 0;  // the other end
  PeerKind kind = PeerKind::node;
  Uuid source = {};
  Uuid destination = {};
  std::uint32_t hops = 0;      // given: links between the publisher's node and `destination`
  bool linked = false;         // given: the relay has its link
  SearchId search = {};        // given: that the offer will answer
  bool parent = false;         // given: the asker has children of its own
  bool leaf = false;           // given: the asker feeds nobody and cannot
  bool checking_loop = false;  // given: its LoopCheck is under way, the offer waits
  bool standby = false;        // given: asked for to stand by
  bool overcommitted = false;  // given: its place is beyond the room
  bool slow = false;           // given: the child does not hold the rate, and is to go
  Time created = {};
  Time refreshed = {};
};

// Its assertions check promises of Consumer and Provider: they ask for room and for the id before they add a
// ticket, look at its state before they change it, and remove what they have just found.
class Tickets {
 public:
  Ticket &add(Ticket ticket);
  bool full(PeerId peer) const;
  Ticket *find(const TicketId &id);
  const Ticket *find(const TicketId &id) const;  // of an empty id: none
  void enter(Ticket &ticket, TicketState state);
  void remove(const TicketId &id);

  // Copies, so that the book may change while one walks them.
  std::vector<TicketId> all() const;
  std::vector<TicketId> of_stream(const Slug &slug) const;
  std::vector<TicketId> given(const Slug &slug) const;
  std::vector<TicketId> of_peer(PeerId peer) const;
  std::size_t count(PeerId peer) const;
  // Without those that stand by, or are asked for it: they take no room, and are no reason to carry a stream.
  static bool counts(const Ticket &ticket) {
    return ticket.side == Side::given && ticket.state != TicketState::standing_by && !ticket.standby;
  }
  std::size_t given(const Slug &slug, PeerKind kind) const;
  bool any_given(const Slug &slug) const;
  std::size_t size() const { return tickets_.size(); }
  void check_invariants() const;

 private:
  struct Stream {
    std::set<TicketId> ids;
    std::size_t given_nodes = 0;
    std::size_t given_elements = 0;
  };
  static std::size_t &counter(Stream &stream, const Ticket &ticket);

  std::map<TicketId, Ticket> tickets_;
  std::map<Slug, Stream> streams_;
  std::map<PeerId, std::set<TicketId>> peers_;
};

}  // namespace astral::core
