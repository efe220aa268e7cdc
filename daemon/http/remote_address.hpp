// SPDX-License-Identifier: BSD-3-Clause
// What the address of a connection tells of who is at its other end.
#pragma once

#include <gio/gio.h>

#include <string>

namespace astral::http {

struct RemoteAddress {
  std::string address;  // IP address as text; empty: none
  std::string place;  // who shares a bound on connections: an IPv4 address, an IPv6 /64; empty: this machine
  bool is_loopback = false;  // this machine
  bool is_near = false;      // or its local network (private or link-local addresses)
};

// An IPv4 address is one also on a socket that speaks both.
RemoteAddress remote_address_of(GSocketAddress *address);

}  // namespace astral::http
