// SPDX-License-Identifier: BSD-3-Clause
// The router to which this machine sends what is for the internet. Pure: reads the text of Linux' routes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace astral::node {

// The default route with the lowest metric, of /proc/net/route: an IPv4 address. nullopt: there is none.
std::optional<std::string> default_gateway(std::string_view routes);

// An IPv4 address of a home, a company or a carrier's NAT (RFC 1918, RFC 6598): not one of the internet.
bool is_private_ipv4(std::string_view address);

}  // namespace astral::node
