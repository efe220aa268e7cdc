// SPDX-License-Identifier: BSD-3-Clause
// The network that an address belongs to. One machine can have many keys, and many addresses of one network;
// so shares are counted by network.
#pragma once

#include <string>
#include <string_view>

namespace astral::core {

// IPv4: the first 24 bits; IPv6: the first 48. The text is of use as a key only. Empty: a name, nonsense, or
// this machine itself (loopback), which nobody else can use.
std::string network_of(std::string_view address);

// From where an address can be reached. `nowhere`: no unicast address, or no IP address at all.
enum class Scope { world, site, link, machine, nowhere };
// RFC 6890: the private ranges and that of carrier NAT are a site; loopback is this machine.
Scope scope_of(std::string_view address);
// Both are of the same scope and, of sites, of the same private range: who is at one may be at the other.
bool share_scope(std::string_view one, std::string_view other);
// A node at `teller` may know what is at `named`, and nobody outside does: they share a site, or a machine.
inline bool are_neighbours(std::string_view teller, std::string_view named) {
  return scope_of(named) != Scope::world && scope_of(named) != Scope::nowhere && share_scope(teller, named);
}

}  // namespace astral::core
