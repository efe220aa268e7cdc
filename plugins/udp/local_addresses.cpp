// SPDX-License-Identifier: BSD-3-Clause
#include "udp/local_addresses.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>

namespace astral::udp {
namespace {

bool is_loopback(const stun::Address &address) {
  return address.size == 4
             ? address.bytes[0] == 127
             : address.bytes[15] == 1 && std::all_of(address.bytes.begin(), address.bytes.end() - 1,
                                                     [](std::uint8_t byte) { return byte == 0; });
}

bool is_link_local(const stun::Address &address) {
  return address.size == 4 ? address.bytes[0] == 169 && address.bytes[1] == 254
                           : address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

}  // namespace

bool is_global(const stun::Address &address) {
  const auto &byte = address.bytes;
  if (!address.is_set() || is_loopback(address) || is_link_local(address)) return false;
  if (address.size == 16) return (byte[0] & 0xfe) != 0xfc;
  return byte[0] != 10 && !(byte[0] == 172 && (byte[1] & 0xf0) == 16) &&
         !(byte[0] == 192 && byte[1] == 168) && !(byte[0] == 100 && (byte[1] & 0xc0) == 64);
}

Families families(const std::vector<stun::Address> &local, const stun::Address &mapped) {
  Families found{.ipv4 = mapped.size == 4, .ipv6 = mapped.size == 16};
  for (const stun::Address &address : local) {
    if (is_loopback(address)) continue;
    found.ipv4 |= address.size == 4;
    found.ipv6 |= address.size == 16 && is_global(address);
  }
  return found;
}

std::vector<stun::Address> local_addresses(std::uint16_t port, bool ipv6, std::size_t max) {
  std::vector<stun::Address> found, loopback;
  ifaddrs *all = nullptr;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs *item = all; item; item = item->ifa_next) {
    // An interface that is up and not running has no cable, or is the bridge of containers that do not run.
    if (!item->ifa_addr || !(item->ifa_flags & IFF_UP) || !(item->ifa_flags & IFF_RUNNING)) continue;
    stun::Address address;
    if (item->ifa_addr->sa_family == AF_INET) {
      const auto *four = reinterpret_cast<const sockaddr_in *>(item->ifa_addr);
      address = stun::address_of({reinterpret_cast<const std::uint8_t *>(&four->sin_addr), 4}, port);
    } else if (item->ifa_addr->sa_family == AF_INET6 && ipv6) {
      const auto *six = reinterpret_cast<const sockaddr_in6 *>(item->ifa_addr);
      address = stun::address_of({six->sin6_addr.s6_addr, 16}, port);
    }
    if (!address.is_set() || is_link_local(address)) continue;
    (is_loopback(address) ? loopback : found).push_back(address);
  }
  ::freeifaddrs(all);
  std::stable_partition(found.begin(), found.end(), is_global);
  if (!loopback.empty()) found.insert(found.begin(), loopback.front());
  if (found.size() > max) found.resize(max);
  return found;
}

}  // namespace astral::udp
