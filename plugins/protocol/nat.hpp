// SPDX-License-Identifier: BSD-3-Clause
// What a node knows of the NAT before it, in the terms of RFC 4787, and which two nodes can have no direct
// path. Pure. It does not find out what the NAT does; the endpoint of the node's UDP port does that.
#pragma once

#include "protocol/families.hpp"

namespace astral::protocol {

// `open`: datagrams of anybody reach the node at the address that others know.
enum class Udp { unknown, open, behind_nat, blocked };

// Of a mapping: for which destinations the NAT keeps the same external port. Of a filter: whose datagrams it
// lets in, after the node has sent some.
enum class NatRule { unknown, endpoint_independent, address_dependent, address_and_port_dependent };

// The rules are known `behind_nat`, and of an `open` node whose one UDP port is forwarded through a NAT.
struct Nat {
  Udp udp = Udp::unknown;
  NatRule mapping = NatRule::unknown;
  NatRule filtering = NatRule::unknown;
  bool operator==(const Nat &) const = default;
};

// Why two nodes can have no direct path. `none`: they may have one, and it is tried.
// `symmetric_and_unknown` may be none: the other end has not found out what its NAT filters, which takes a
// second.
enum class Obstacle {
  none,
  no_common_family,
  udp_blocked,
  both_symmetric,
  symmetric_and_port_restricted,
  symmetric_and_unknown
};

// Any port of the node is open, not the one UDP port alone.
bool is_public(const Nat &nat);

// Of two nodes behind different NATs. Two nodes behind the same one may meet inside, whatever it is. The
// consumer opens the link to the provider's UDP port; if that is not open, both use other ports, which no NAT
// forwards.
//
//                                    open   endpoint-independent mapping, filtering   symmetric   UDP blocked
//                                           independent   address   address and port
//   open                              yes       yes         yes           yes            yes          no
//   endpoint-independent mapping      yes       yes         yes           yes         see filter      no
//   symmetric (any other mapping)     yes       yes         yes           no             no           no
//
// A symmetric NAT sends from a port that the other end cannot know. So the other end must let in what comes
// from any port of that address, and must not be symmetric itself. An unknown filter most likely does not let
// that in. A node of which nothing is known is tried.
Obstacle obstacle(const Nat &consumer, const Nat &provider);
// The same of two nodes of which more is known. IPv6 has no NAT but firewalls, which let ICE through: two
// nodes that both have it are kept apart only where UDP is blocked.
Obstacle obstacle(const Nat &consumer, const Families &consumer_has, const Nat &provider,
                  const Families &provider_has);

// Whether a TURN server takes the pair around its obstacle. One end's server is enough: both can send to the
// address that it gives to that end. But an end whose UDP is blocked can send only to its own server, which
// may be inside, or reached over TCP.
bool turn_helps(const Nat &consumer, bool consumer_has_turn, const Nat &provider, bool provider_has_turn);

const char *text(Obstacle obstacle);  // for people

}  // namespace astral::protocol
