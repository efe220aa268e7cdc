// SPDX-License-Identifier: BSD-3-Clause
// What the address of a connection tells about the client.
#pragma once

#include <gio/gio.h>

#include <string>

namespace astral::http {

struct RemoteAddress {
  std::string address = {};  // IP address as text; empty: none
  std::string place =
      {};  // clients of one place share a limit: an IPv4 address, an IPv6 /64; empty: this machine
  bool is_loopback = false;  // the client is on this machine
  bool is_near = false;      // or on its local network
};

// An IPv4 address on an IPv6 socket (::ffff:a.b.c.d) becomes a plain IPv4 address. `local`: this side's
// address; who shares its IPv6 /64 is near, because a home's devices have global addresses.
RemoteAddress remote_address_of(GSocketAddress *address, GSocketAddress *local = nullptr);

// Whether this machine has that IP address. If that cannot be found out: true.
bool has_address(const std::string &address);

// The IPv4 address by which this machine's network knows it; empty if it is in none.
std::string own_address();

}  // namespace astral::http
