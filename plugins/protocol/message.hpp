// SPDX-License-Identifier: BSD-3-Clause
// What peers say to each other over /peer, one struct a message. JSON is made and read in
// protocol/message_codec.hpp; it has checked lengths and alphabets before the core sees any of these.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "protocol/types.hpp"

namespace astral::protocol {

enum class PeerKind { node, element };
enum class RefusalCode { no_stream, no_room, loop, timeout, bad_request, conflict };

struct Hello {  // whoever connects; the accepting side answers Welcome
  NodeInfo node = {};
  PeerKind kind = PeerKind::node;
};
struct Welcome {
  NodeInfo node = {};
  std::vector<NodeInfo> nodes = {};  // supernodes: near the greeted one's key, or whom a node may try next
};

// Membership. A node registers with one supernode, its primary.
struct Register {};
struct Registered {
  std::vector<NodeInfo> others = {};  // supernodes to turn to when this one is lost
};
struct Full {
  std::vector<NodeInfo> others = {};
};
struct Unregister {};  // from a child: it has become a supernode itself
struct Summon {};      // from a full supernode to a child: be one too, if others can reach you
struct Probe {};       // "can you reach me?": the other connects back to where it sees us
struct Probed {
  bool reached = false;
};
// Both of a session, every few seconds. Times are of the sender's clock and go back as they came.
struct Heartbeat {
  std::vector<TicketId> tickets = {};
  std::vector<TicketId> standby = {};  // of those that we hold: a Hold may have been lost on its way
  std::uint64_t sent_ms = 0;
  std::uint64_t echo_ms = 0;         // the other's last `sent_ms`; 0: none yet
  std::uint64_t held_ms = 0;         // since that came
  std::vector<NodeInfo> nodes = {};  // supernodes that the other may want to know
};
struct Goodbye {};

// A ticket is asked for either with `ticket` (of an element, or one that stands by) from the one who gives
// it, or with `search`: then whoever has room makes the ticket and offers it to the asker. To one that stands
// by the answer is a Path, since its link is up.
struct Request {
  TicketId ticket = {};
  Slug slug = {};
  Uuid destination = {};
  SearchId search = {};
  Place asker = {};
  bool parent = false;      // it has children, so its new parent must not be one of its descendants
  std::uint32_t room = 0;   // children that it could feed
  bool standby = false;     // it has a parent: a place is not taken yet, only a link
  Uuid except = {};         // not from this one
  std::uint32_t asked = 0;  // of a wide search: so many at once, and each of them answers

  bool leaf() const { return !parent && room == 0; }  // one that forwards may take its place
};
struct Offer {
  TicketId ticket = {};
  SearchId search = {};  // that it answers; empty: a Request with a ticket
  Slug slug = {};
  Uuid source = {};  // the node that forwards, not the publisher's
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};  // from the publisher's node to `source`
  std::string fingerprint = {};
  Ice ice = {};
  std::vector<StreamInfo> stream = {};  // what it is of, with a search; none or one
};
struct Refusal {
  TicketId ticket = {};  // of the answer to a search: only what it conflicts with
  SearchId search = {};
  Slug slug = {};
  RefusalCode code = RefusalCode::bad_request;
  std::string message = {};
  std::uint32_t asked = 0;  // as the Request said
};
struct Hold {  // after Confirm: the link stays, its media and its room are not needed now
  TicketId ticket = {};
};
struct Confirm {
  TicketId ticket = {};
  std::string fingerprint = {};
  Ice ice = {};
};
struct Candidates {
  TicketId ticket = {};
  std::vector<std::string> candidates = {};
};
struct Cancel {
  TicketId ticket = {};
  std::string code = {};
  std::string message = {};
};
// Provider → child: our own parent is another one now, so hops and path are no longer what the Offer said.
// Without it two nodes that lost their parents could end up feeding each other.
struct Path {
  TicketId ticket = {};
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};
  bool granted = false;  // and it may be had: to a Request of one that stood by, or after Leaving
  bool cut = false;      // it does not reach the source now: somebody on it has no parent
};
// From a provider, up its own path to the source: is `mover`, who wants `ticket` from it, above it? Whoever
// is, or is about to move itself, says no; the source says yes. So two that move at once never make a circle.
struct LoopCheck {
  TicketId ticket = {};
  Slug slug = {};
  Uuid mover = {};
  Place provider = {};
  std::uint32_t hops = 0;  // links so far
};
struct LoopChecked {
  TicketId ticket = {};
  bool clear = false;
};
// Provider → child: find another parent, this one does not keep you. A Path that grants it takes it back.
struct Leaving {
  TicketId ticket = {};
};
struct Streams {
  std::vector<StreamInfo> streams = {};
};
struct Gone {
  Slug slug = {};
  std::uint64_t updated = 0;  // of the StreamInfo that ends; 0: only the source itself is believed
};

// What supernodes know of streams. A node tells its primary what it could forward; supernodes tell the owner
// of the stream's key (core/overlay.hpp), and ask there.
struct Carrying {
  Slug slug = {};
  std::uint32_t hops = 0;    // of an offer
  std::uint32_t room = 0;    // how many children more
  std::uint32_t leaves = 0;  // children without room of their own, who may be displaced
  bool over = false;         // it is not carried any more
};
struct Advert {  // "through me you find `room` places, `hops` from the source"
  Slug slug = {};
  Place supernode = {};
  std::uint32_t hops = 0;
  std::uint32_t room = 0;
  std::uint32_t leaves = 0;
  bool over = false;
  bool copied = false;                  // to one that keeps a copy: it goes no further
  std::vector<StreamInfo> stream = {};  // from the source's supernode; none or one
};
enum class Stage { home, key_owner, carrier };
struct Find {
  Request request = {};
  Stage stage = Stage::home;
  bool wide = false;           // the asker's own supernode had nothing: ask further
  std::uint32_t carriers = 0;  // how many were asked before
};
struct Here {  // "messages for `place.uuid` go there"; to the owner of its key
  Place place = {};
  std::uint64_t updated = 0;  // unix milliseconds
  bool copied = false;
};
struct Seed {
  CallId call = 0;
  Slug slug = {};
};
struct Seeded {
  CallId call = 0;
  bool done = false;
  std::string message = {};
};

// Between nodes without a session: it travels over supernodes. Only they look at the outside.
struct Enclosed;
struct Routed {
  Place to = {};
  Place from = {};
  std::uint32_t hops = 0;  // supernodes it has passed
  bool sought = false;     // on its way to the owner of the addressee's key
  std::shared_ptr<const Enclosed> what = {};
};

// Between a node and the elements that signal through it.
struct Publish {
  Slug slug = {};
  std::string name = {};
  std::string description = {};
  std::string media = {};
};
struct Published {
  Slug slug = {};
  std::uint64_t largest_group = 0;  // 0: none yet; the publisher goes on above it
};
struct Media {
  Slug slug = {};
  std::string media = {};
};
struct Ended {
  Slug slug = {};
};

using Message = std::variant<Hello, Welcome, Register, Registered, Full, Unregister, Summon, Probe, Probed,
                             Heartbeat, Goodbye, Request, Offer, Refusal, Hold, Confirm, Candidates, Cancel,
                             Path, LoopCheck, LoopChecked, Leaving, Streams, Gone, Carrying, Advert, Find, Here, Seed,
                             Seeded, Routed, Publish, Published, Media, Ended>;

struct Enclosed {
  Message message;
};

}  // namespace astral::protocol
