// SPDX-License-Identifier: BSD-3-Clause
// An IP address: which network it is in, and whether the origin may send a request to it. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace astral::origin {

class Address {
 public:
  // An IPv4 or IPv6 literal. ::ffff:192.0.2.1 is the IPv4 address in it.
  static std::optional<Address> parse(std::string_view text);

  // Keys of networks: equal for two addresses of the same network.
  std::string neighbourhood() const;  // IPv4 /24, IPv6 /48
  std::string region() const;         // IPv4 /16, IPv6 /48

  bool is_one_host() const;  // not unspecified, multicast, broadcast or reserved
  bool is_local() const;     // loopback, link-local, private or shared (RFC 6890)

 private:
  Address() = default;
  std::string first(std::size_t bytes) const;

  std::array<std::uint8_t, 16> bytes_{};
  bool v6_ = false;
};

// Whether the origin may send a check to the address that a node reports. It checks a local address only if
// the report came from a local address, so that no remote node can direct requests into the origin's own
// network.
bool may_be_checked(std::string_view address, std::string_view reporter);

}  // namespace astral::origin
