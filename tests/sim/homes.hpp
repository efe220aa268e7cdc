// SPDX-License-Identifier: BSD-3-Clause
// The NATs of homes.
#pragma once

#include <cstdint>

#include "core/types.hpp"

namespace astral::sim {

using namespace core;

// Of homes: the NAT before each, as found in studies of home routers; a third of them has not found out.
inline constexpr Nat open{.udp = Udp::open};
inline Nat some_nat(std::uint64_t percent) {
  const auto home = [](NatRule mapping, NatRule filtering) {
    return Nat{.udp = Udp::behind_nat, .mapping = mapping, .filtering = filtering};
  };
  constexpr NatRule any = NatRule::endpoint_independent;
  constexpr NatRule port = NatRule::address_and_port_dependent;
  if (percent < 10) return open;
  if (percent < 20) return home(any, any);
  if (percent < 30) return home(any, NatRule::address_dependent);
  if (percent < 75) return home(any, port);
  return home(port, port);
}

// In `origin-alone` every two homes have a path, and nobody can connect to any of them.
inline Nat some_nat_with_paths(std::uint64_t percent) {
  return some_nat(10 + percent * 65 / 100);
}

}  // namespace astral::sim
