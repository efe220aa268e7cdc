// SPDX-License-Identifier: BSD-3-Clause
// The addresses of this machine that others may try to reach.
#pragma once

#include <vector>

#include "stun/message.hpp"

namespace astral::udp {

// Without link-local ones, whose interface a peer cannot know. Loopback comes first: programs of this machine
// use it, and it stays when the machine changes networks. Then come those that everybody can reach. At most
// `max`.
std::vector<stun::Address> local_addresses(std::uint16_t port, bool ipv6, std::size_t max);
// The address families of this machine, and of what others see of it (`mapped`; unset: nothing). Loopback
// does not count, nor does an IPv6 address that is valid only here.
struct Families {
  bool ipv4 = false, ipv6 = false;
};
Families families(const std::vector<stun::Address> &local, const stun::Address &mapped);
// Not of a private network (RFC 1918, RFC 6598, RFC 4193), loopback or link-local.
bool is_global(const stun::Address &address);

}  // namespace astral::udp
