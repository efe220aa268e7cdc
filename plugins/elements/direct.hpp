// SPDX-License-Identifier: BSD-3-Clause
// What an offer or a confirm says about the ways without ICE: where the other's UDP port and its HTTP port
// are, and the secret of the link there.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "udp/routes.hpp"
#include "udp/socket.hpp"

namespace astral::elements {

struct Direct {
  udp::Secret secret{};                   // zeros: none
  std::vector<udp::Address> addresses{};  // of a provider's UDP port; empty: there is no such way
  // The HTTP port, where the node can be reached over TCP. This end's node knows that, not the other end.
  std::optional<udp::Address> tcp{};
};

// Reads 32 lower-case hexadecimal digits.
std::optional<udp::Secret> secret_of(std::string_view digits);
// Whether a link may send there: unicast, and not "any".
bool is_sendable(const udp::Address &address);

}  // namespace astral::elements
