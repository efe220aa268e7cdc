// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/nat.hpp"

namespace astral::protocol {
namespace {

bool is_symmetric(const Nat &nat) {
  return (nat.mapping == NatRule::address_dependent || nat.mapping == NatRule::address_and_port_dependent);
}

bool is_port_restricted(const Nat &nat) {
  return nat.filtering == NatRule::address_and_port_dependent;
}

bool has_unknown_filter(const Nat &nat) {
  return nat.mapping != NatRule::unknown && nat.filtering == NatRule::unknown;
}

}  // namespace

bool is_public(const Nat &nat) {
  return nat.udp == Udp::open && nat.mapping == NatRule::unknown && nat.filtering == NatRule::unknown;
}

Obstacle obstacle(const Nat &consumer, const Nat &provider) {
  const Nat &a = consumer, &b = provider;
  if (a.udp == Udp::blocked || b.udp == Udp::blocked) return Obstacle::udp_blocked;
  if (provider.udp == Udp::open) return Obstacle::none;
  if (is_symmetric(a) && is_symmetric(b)) return Obstacle::both_symmetric;
  if ((is_symmetric(a) && is_port_restricted(b)) || (is_port_restricted(a) && is_symmetric(b)))
    return Obstacle::symmetric_and_port_restricted;
  if ((is_symmetric(a) && has_unknown_filter(b)) || (has_unknown_filter(a) && is_symmetric(b)))
    return Obstacle::symmetric_and_unknown;
  return Obstacle::none;
}

Obstacle obstacle(const Nat &consumer, const Families &consumer_has, const Nat &provider,
                  const Families &provider_has) {
  if (!may_meet(consumer_has, provider_has)) return Obstacle::no_common_family;
  const Obstacle of_nats = obstacle(consumer, provider);
  const bool both_have_ipv6 = consumer_has.ipv6 && provider_has.ipv6;
  return both_have_ipv6 && of_nats != Obstacle::udp_blocked ? Obstacle::none : of_nats;
}

bool turn_helps(const Nat &consumer, bool consumer_has_turn, const Nat &provider, bool provider_has_turn) {
  const bool consumer_sends = consumer_has_turn || consumer.udp != Udp::blocked;
  const bool provider_sends = provider_has_turn || provider.udp != Udp::blocked;
  return (consumer_has_turn || provider_has_turn) && consumer_sends && provider_sends;
}

const char *text(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::none:
      return "";
    case Obstacle::no_common_family:
      return "one has IPv4 only, the other IPv6 only";
    case Obstacle::udp_blocked:
      return "UDP is blocked at one end";
    case Obstacle::both_symmetric:
      return "both behind symmetric NATs";
    case Obstacle::symmetric_and_port_restricted:
      return "one behind a symmetric NAT, the other behind a port-restricted one";
    case Obstacle::symmetric_and_unknown:
      return "one behind a symmetric NAT, the other behind one that is not known yet";
  }
  return "";
}

}  // namespace astral::protocol
