// SPDX-License-Identifier: BSD-3-Clause
#include "origin/address.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace astral::origin {

std::optional<Address> Address::parse(std::string_view text) {
  const std::string literal(text);
  Address address;
  if (inet_pton(AF_INET, literal.c_str(), address.bytes_.data()) == 1) return address;
  if (inet_pton(AF_INET6, literal.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(mapped.begin(), mapped.end(), address.bytes_.begin())) {
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), address.bytes_.begin());
    return address;
  }
  address.v6_ = true;
  return address;
}

std::string Address::first(std::size_t bytes) const {
  std::string key(v6_ ? "6" : "4");
  return key.append(reinterpret_cast<const char *>(bytes_.data()), bytes);
}

std::string Address::neighbourhood() const {
  return first(v6_ ? 6 : 3);
}

std::string Address::region() const {
  return first(v6_ ? 6 : 2);
}

bool Address::is_one_host() const {
  if (!v6_) return bytes_[0] != 0 && bytes_[0] < 224;
  const bool unspecified = std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t b) { return b == 0; });
  return !unspecified && bytes_[0] != 0xFF;
}

bool Address::is_local() const {
  const std::uint8_t a = bytes_[0];
  const std::uint8_t b = bytes_[1];
  if (!v6_) {
    return a == 127 || a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) ||
           (a == 169 && b == 254) || (a == 100 && b >= 64 && b < 128);  // RFC 6890
  }
  const bool loopback =
      bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t x) { return x == 0; });
  return loopback || (a & 0xFE) == 0xFC || (a == 0xFE && (b & 0xC0) == 0x80);
}

bool may_be_checked(std::string_view address, std::string_view reporter) {
  const auto target = Address::parse(address);
  if (!target || !target->is_one_host()) return false;
  if (!target->is_local() || address == reporter) return true;
  const auto from = Address::parse(reporter);
  return from && from->is_local();
}

}  // namespace astral::origin
