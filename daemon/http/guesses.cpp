// SPDX-License-Identifier: BSD-3-Clause
#include "http/guesses.hpp"

#include <gio/gio.h>

#include <algorithm>

#include "glue/bytes.hpp"
#include "glue/key.hpp"
#include "glue/ref.hpp"

namespace astral::http {
namespace {

constexpr std::size_t prefix = 8;  // bytes of an IPv6 /64

std::string client_of(const std::string &address) {
  const auto parsed = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(address.c_str()));
  if (!parsed || g_inet_address_get_family(parsed.get()) != G_SOCKET_FAMILY_IPV6) return address;
  return to_hex(Bytes(g_inet_address_to_bytes(parsed.get()), prefix));
}

}  // namespace

// A debt that is larger than it can become is of a clock that was ahead.
bool Guesses::may_guess(const std::string &address, WallTime now) const {
  const auto known = paid_.find(client_of(address));
  if (known == paid_.end()) return true;
  const auto debt = known->second - now;
  return debt <= (at_once - 1) * pause || debt > at_once * pause;
}

void Guesses::was_wrong(const std::string &address, WallTime now) {
  const std::string client = client_of(address);
  if (paid_.size() >= max_clients && !paid_.contains(client)) {
    std::erase_if(paid_, [now](const auto &one) { return one.second <= now; });
    const auto sooner = [](const auto &a, const auto &b) { return a.second < b.second; };
    if (paid_.size() >= max_clients) paid_.erase(std::min_element(paid_.begin(), paid_.end(), sooner));
  }
  WallTime &paid = paid_[client];
  if (paid < now || paid - now > at_once * pause) paid = now;
  paid += pause;
}

}  // namespace astral::http
