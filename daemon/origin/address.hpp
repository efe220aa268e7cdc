// SPDX-License-Identifier: BSD-3-Clause
// An IP address as the origin reasons about it: which network it is in, and whether a request may be sent
// there. Pure.
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

  // Networks as keys of a map: equal for two addresses of the same one.
  std::string neighbourhood() const;  // IPv4 /24, IPv6 /48
  std::string region() const;         // IPv4 /16, IPv6 /48

  bool is_one_host() const;  // not unspecified, multicast, broadcast or reserved
  bool is_local() const;     // of this machine or a private network: means something else elsewhere

 private:
  Address() = default;
  std::string first(std::size_t bytes) const;

  std::array<std::uint8_t, 16> bytes_{};
  bool v6_ = false;
};

// Whether the origin may ask at the address that a node gave itself. What is local is asked only for whoever
// reports from a local address too: nobody far away points the origin at its own network.
bool may_be_asked(std::string_view address, std::string_view reporter);

}  // namespace astral::origin
