// SPDX-License-Identifier: BSD-3-Clause
// Which IP address families a node has, beyond loopback. Pure.
#pragma once

#include <string_view>

namespace astral::protocol {

// Neither: not known.
struct Families {
  bool ipv4 = false;
  bool ipv6 = false;  // with an address that is valid everywhere
  bool operator==(const Families &) const = default;

  bool are_known() const { return ipv4 || ipv6; }
};

// What is unknown may be there.
inline bool may_meet(const Families &one, const Families &other) {
  return !one.are_known() || !other.are_known() || (one.ipv4 && other.ipv4) || (one.ipv6 && other.ipv6);
}

inline bool may_dial(const Families &has, std::string_view ip_address) {
  const bool is_ipv6 = ip_address.find(':') != std::string_view::npos;
  return !has.are_known() || (is_ipv6 ? has.ipv6 : has.ipv4);
}

}  // namespace astral::protocol
