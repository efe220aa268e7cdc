// SPDX-License-Identifier: BSD-3-Clause
// The messages of /peer, one struct each. Pure. message_codec.hpp writes them as JSON and reads them; it has
// checked every length and alphabet before the core sees a message.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "protocol/types.hpp"

namespace astral::protocol {

enum class PeerKind { node, element };
enum class RefusalCode { no_stream, no_room, loop, timeout, bad_request, conflict, no_path, not_invited };

struct Hello {  // the connecting side's first message; the accepting side answers with Welcome
  NodeInfo node = {};
  PeerKind kind = PeerKind::node;
};
struct Welcome {
  NodeInfo node = {};
  std::vector<NodeInfo> nodes = {};  // supernodes near the receiver's key, or others that it may try
};

// Membership. A node registers with one supernode, its primary.
struct Register {};
struct Registered {
  std::vector<NodeInfo> others = {};  // supernodes to register with when this one is lost
};
struct Full {  // the supernode takes no more children
  std::vector<NodeInfo> others = {};  // supernodes to try instead
};
struct Unregister {};  // child → primary: the child has become a supernode
struct Summon {};      // full supernode → child: become a supernode, if others can reach you
struct Probe {};       // asks whether the other can reach us; it connects to the address that it sees us at
struct Probed {
  bool reached = false;
};
// Both ends of a session send it every few seconds. The receiver's round-trip time is
// its clock - echo_ms - held_ms.
struct Heartbeat {
  std::vector<TicketId> tickets = {};  // confirmed ones between the two nodes, without those in `standby`
  std::vector<TicketId> standby = {};  // the sender's tickets that stand by; makes up for a lost Hold
  std::uint64_t sent_ms = 0;           // the sender's clock
  std::uint64_t echo_ms = 0;           // `sent_ms` of the last heartbeat from the other; 0: none yet
  std::uint64_t held_ms = 0;           // how long ago that heartbeat came
  std::vector<NodeInfo> nodes = {};    // supernodes that the other may want to know
};
struct Goodbye {};

// Asks for a ticket. With `ticket` it goes to the node that gives this ticket: an element asks for its ticket
// in this way, and a node asks its standby to become active. With `search` any node that has room makes a
// ticket and sends an Offer to `asker`. A Request for a standby is answered with a Path, because its link is
// up already.
struct Request {
  TicketId ticket = {};
  Slug slug = {};        // with an element: the stream's name at this node
  std::string key = {};  // the fingerprint of the stream's key, as far as the asker knows it
  Uuid destination = {};
  SearchId search = {};
  Place asker = {};
  bool parent = false;     // the asker has children, so its new parent must not be one of its descendants
  std::uint32_t room = 0;  // children that the asker could feed
  bool standby = false;    // the asker has a parent: the new link stands by and takes no place
  std::vector<Uuid> except = {};       // nodes that must not make the offer; a supernode passes them over
  std::uint32_t asked = 0;             // in a wide search: how many nodes are asked; each of them answers
  Nat nat = {};                        // of the asker
  Families families = {};              // of the asker
  bool turn = false;                   // the asker has a TURN server
  std::string address = {};            // of the asker, as its supernode sees it
  std::vector<Uuid> unreachable = {};  // nodes to which the asker got no link lately
  bool hungry = false;                 // the asker has waited for media for a while
  bool direct = false;                 // the asker has a parent: nobody is recruited as a relay for it
  bool relay = false;                  // the receiver is recruited: it gets the stream and feeds the asker
  Families relay_from = {};            // of the node from which it gets the stream
  Pass pass = {};                      // for a private stream
  bool invited = false;                // never sent: whoever read this has checked the pass, and it is good

  bool leaf() const { return !parent && room == 0; }  // a node that forwards may take its place
  bool takes(const Uuid &node) const {                // whether an offer of this node is welcome
    return node != asker.uuid && std::find(except.begin(), except.end(), node) == except.end();
  }
};
struct Offer {
  TicketId ticket = {};
  SearchId search = {};  // of the Request that it answers; empty: that Request named a ticket
  Slug slug = {};
  Uuid source = {};  // the node that forwards, not the publisher's
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};  // from the publisher's node to `source`
  std::string fingerprint = {};
  Ice ice = {};
  // The way without ICE: addresses of the provider's UDP port, as "192.0.2.1:8000" or "[2001:db8::1]:8000",
  // and the connection ID (hexadecimal) that a link's first packets must have there. Empty: there is none.
  std::string direct_id = {};
  std::vector<std::string> direct = {};
  std::string tcp = {};  // node → element: the HTTP port of `source`, where it can be reached; else empty
  std::vector<StreamInfo> stream = {};  // in the answer to a search; none or one
};
struct Refusal {
  TicketId ticket = {};  // in the answer to a search: the ticket that it conflicts with, if any
  SearchId search = {};
  Slug slug = {};
  RefusalCode code = RefusalCode::bad_request;
  std::string message = {};
  std::uint32_t asked = 0;  // as in the Request
  Uuid relay = {};          // no_path: the node that was asked to relay, and will offer; empty: nobody
};
struct Hold {  // after Confirm: the link stays up and stands by, without media and without a place
  TicketId ticket = {};
};
struct Confirm {
  TicketId ticket = {};
  std::string fingerprint = {};
  Ice ice = {};
  std::string direct_id = {};  // as in the Offer, of the confirming end: the provider may open a stream to it
  std::string tcp = {};        // node → element, as in the Offer
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
// Provider → child: the provider has another parent, so the Offer's hops and path no longer hold. Without
// this message two nodes that lost their parents could feed each other.
struct Path {
  TicketId ticket = {};
  std::uint32_t hops = 0;
  std::vector<Uuid> path = {};
  bool granted = false;  // the ticket is active: the answer to a Request on standby, or a Leaving taken back
  bool cut = false;      // the path does not reach the source now: a node on it has no parent
};
// Asks whether a new link would close a loop. The provider sends it to its parent, and each node passes it on
// towards the source. A node that is `mover`, or that is moving itself, answers with clear=false; the source
// answers with clear=true. So two nodes that move at once never make a loop.
struct LoopCheck {
  TicketId ticket = {};  // the ticket that `mover` wants from `provider`
  Slug slug = {};
  std::string key = {};  // as in Request
  Uuid mover = {};
  Place provider = {};
  std::uint32_t hops = 0;  // links so far
};
struct LoopChecked {
  TicketId ticket = {};
  bool clear = false;  // no loop
};
// Provider → child: the provider will stop, so the child must find another parent. A granted Path revokes it.
struct Leaving {
  TicketId ticket = {};
};
// Child → the node that feeds it: how many people watch the stream at the child and below it.
struct Viewers {
  TicketId ticket = {};
  std::uint64_t viewers = 0;
};
struct Streams {
  std::vector<StreamInfo> streams = {};
};
struct Gone {
  Slug slug = {};
  std::uint64_t updated = 0;  // of the StreamInfo that ends; 0: believed from the source only
  std::vector<StreamInfo> stream =
      {};  // its key's last word; none or one. Who knows the key believes only this
};

// Node → its primary: what it could forward.
struct Carrying {
  Slug slug = {};
  std::uint32_t hops = 0;    // that its offer would have
  std::uint32_t room = 0;    // how many more children it could feed
  std::uint32_t leaves = 0;  // its children without room of their own; a node that forwards may replace them
  bool over = false;         // the node carries the stream no more
};
// Supernode → owner of the stream's key (the supernode whose key is nearest): how many places there are
// through this supernode. Searches ask the owner.
struct Advert {
  Slug slug = {};
  Place supernode = {};
  std::uint32_t hops = 0;
  std::uint32_t room = 0;
  std::uint32_t leaves = 0;
  bool over = false;
  bool copied = false;                  // to a supernode that keeps a copy; it passes the message to nobody
  bool second = false;  // to the second owner, who knows only what the source's supernodes say
  std::vector<StreamInfo> stream = {};  // from the source's supernode; none or one
};
enum class Stage { home, key_owner, carrier };  // asker's supernode, owner of the key, supernode with room
struct Find {
  Request request = {};
  Stage stage = Stage::home;
  bool wide = false;           // the asker's own supernode found nothing, so others are asked
  std::uint32_t carriers = 0;  // how many nodes and supernodes with room were asked before
  bool second = false;         // to the second owner of the key: the first one may lie
};
struct Here {  // to the owner of the key of `place.uuid`: where messages for this node go
  Place place = {};
  std::uint64_t updated = 0;  // unix milliseconds
  bool copied = false;
};
struct Seed {
  CallId call = 0;
  Slug slug = {};
  Pass pass = {};  // for a private stream
};
struct Seeded {
  CallId call = 0;
  bool done = false;
  std::string message = {};
};

// A routed message as its author wrote and signed it. See protocol/sealed.hpp.
struct Sealed {
  std::string text = {};       // the message, as JSON
  std::string key = {};        // of the author's node, raw, in hexadecimal digits
  std::uint64_t number = 0;    // each one of an author has another, and later ones have larger ones
  std::string signature = {};  // in hexadecimal digits
};

// A message between nodes that have no session with each other. Supernodes pass on what is sealed and do
// not look into it; the addressee opens it.
struct Enclosed;
struct Routed {
  Place to = {};
  Place from = {};
  std::uint32_t hops = 0;  // supernodes that it has passed
  bool sought = false;     // on its way to the owner of the addressee's key
  Sealed sealed = {};      // its text is empty: not signed yet
  // Null: not opened, or of a type that this version does not know.
  std::shared_ptr<const Enclosed> what = {};
};

// Between a node and the elements that signal through it.
struct Publish {
  Slug slug = {};
  std::string name = {};
  std::string description = {};
  std::string media = {};
  std::uint64_t bitrate_kbps = 0;  // as the publisher's program announces it; 0: it does not
};
struct Published {
  Slug slug = {};
  std::uint64_t largest_group = 0;  // the publisher goes on above it; 0: no group yet
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
                             Path, LoopCheck, LoopChecked, Leaving, Viewers, Streams, Gone, Carrying, Advert, Find, Here, Seed,
                             Seeded, Routed, Publish, Published, Media, Ended>;

struct Enclosed {
  Message message;
};

}  // namespace astral::protocol
