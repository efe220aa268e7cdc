// SPDX-License-Identifier: BSD-3-Clause
// The tickets that this node gave (to nodes and to local players) and those that it holds (from its parents
// and from publishers' elements). Finds them by id, by stream and by peer; decides nothing. What else is
// known of a ticket that we hold is in its Link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/child_state.hpp"
#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// Who forwards: this node gave the ticket, or another node gave it to us (its states are in
// streams/link.hpp).
enum class Side { given, held };

std::string_view name(TicketState state);

// Only a given ticket has this.
struct Child {
  ChildState state = ChildState::asking;
  Claim claim = Claim::reserved;
  bool leaf = false;     // it has no children and no room for any
  SearchId search = {};  // the search that the offer will answer
  Pass pass = {};        // that it showed for a private stream
  std::uint64_t audience = 0;  // people who watch there and below, as it says
  bool silent = false;   // it acknowledges nothing: dead, or cut off
  bool settled_slow = false;  // too slow, and it found no other parent
  TicketId makes_way_for = {};  // a leaf that was asked to move: the child that gets its place
};

struct Ticket {
  TicketId id;
  Slug slug;
  Side side = Side::given;
  TicketState state = TicketState::requested;
  PeerId peer = 0;  // the other end
  PeerKind kind = PeerKind::node;
  Uuid source = {};
  Uuid destination = {};
  std::uint32_t hops = 0;  // given: links between the publisher's node and `destination`
  Child child = {};        // given only
  Time created = {};
  Time refreshed = {};
};

// A child that acknowledges nothing, or whose line is too thin, keeps its place only until another one needs
// it.
inline bool lends_place(const Ticket &ticket) {
  return (ticket.child.silent || ticket.child.settled_slow) && ticket.kind == PeerKind::node &&
         ticket.state == TicketState::confirmed && ticket.child.claim == Claim::reserved;
}

// Its assertions check promises of the callers: before they add a ticket they check that there is room and
// that the id is new; before they change its state they look at it; they remove only a ticket that they have
// just found.
class Tickets {
 public:
  Ticket &add(Ticket ticket);
  bool full(PeerId peer) const;
  Ticket *find(const TicketId &id);
  const Ticket *find(const TicketId &id) const;   // null for an empty id
  void enter(Ticket &ticket, TicketState state);  // held
  void enter(Ticket &ticket, ChildState state);   // given: its TicketState follows
  void claim(Ticket &ticket, Claim claim);        // given
  void remove(const TicketId &id);

  // Copies, so that tickets may end while the caller walks over them.
  std::vector<TicketId> all() const;
  std::vector<TicketId> of_stream(const Slug &slug) const;
  std::vector<TicketId> given(const Slug &slug) const;
  std::vector<TicketId> of_peer(PeerId peer) const;
  std::size_t count(PeerId peer) const;
  // Without standbys: they take no room, and are no reason to carry a stream.
  static bool counts(const Ticket &ticket) {
    return ticket.side == Side::given &&
           (ticket.kind == PeerKind::element || ticket.child.claim != Claim::none);
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
