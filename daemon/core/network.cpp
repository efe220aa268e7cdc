// SPDX-License-Identifier: BSD-3-Clause
#include "core/network.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace astral::core {
namespace {

template <typename Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::array<std::uint8_t, 4>> bytes_of(std::string_view address) {
  const std::vector<std::string_view> parts = split(address, '.');
  if (parts.size() != 4) return std::nullopt;
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto byte = number<std::uint8_t>(parts[i], 10);
    if (!byte) return std::nullopt;
    bytes[i] = *byte;
  }
  return bytes;
}

std::string network_of_4(std::string_view address) {
  const auto bytes = bytes_of(address);
  if (!bytes || (*bytes)[0] == 127) return {};
  std::string network;
  for (std::size_t i = 0; i < 3; ++i) network += std::to_string((*bytes)[i]) + ".";
  return network;
}

// A scope, and which private range of a site.
using Range = std::pair<Scope, int>;

Range range_of_4(const std::array<std::uint8_t, 4> &bytes) {
  const auto [a, b, c, d] = bytes;
  if (a == 127) return {Scope::machine, 0};
  if (a == 0 || a >= 224) return {Scope::nowhere, 0};
  if (a == 169 && b == 254) return {Scope::link, 0};
  if (a == 10) return {Scope::site, 10};
  if (a == 172 && b >= 16 && b < 32) return {Scope::site, 172};
  if (a == 192 && b == 168) return {Scope::site, 192};
  if (a == 100 && b >= 64 && b < 128) return {Scope::site, 100};
  return {Scope::world, 0};
}

// RFC 4291, section 2.2, without a dotted end: that is handled before.
std::optional<std::array<std::uint16_t, 8>> groups_of(std::string_view address) {
  std::array<std::uint16_t, 8> groups{};
  const std::size_t gap = address.find("::");
  const std::string_view head = address.substr(0, gap);
  const std::string_view tail = gap == std::string_view::npos ? "" : address.substr(gap + 2);
  std::vector<std::string_view> front = head.empty() ? std::vector<std::string_view>{} : split(head, ':');
  std::vector<std::string_view> back = tail.empty() ? std::vector<std::string_view>{} : split(tail, ':');
  const std::size_t count = front.size() + back.size();
  if (gap == std::string_view::npos ? count != 8 : count > 7) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    const bool in_front = i < front.size();
    const auto group = number<std::uint16_t>(in_front ? front[i] : back[i - front.size()], 16);
    if (!group) return std::nullopt;
    groups[in_front ? i : 8 - count + i] = *group;
  }
  return groups;
}

Range range_of_6(const std::array<std::uint16_t, 8> &groups) {
  const bool low =
      std::all_of(groups.begin(), groups.end() - 1, [](std::uint16_t group) { return group == 0; });
  if (low && groups.back() == 1) return {Scope::machine, 0};
  if ((low && groups.back() == 0) || groups[0] >= 0xff00) return {Scope::nowhere, 0};
  if (groups[0] >= 0xfe80 && groups[0] < 0xfec0) return {Scope::link, 0};
  if (groups[0] >= 0xfc00 && groups[0] < 0xfe00) return {Scope::site, 0xfc};
  return {Scope::world, 0};
}

// Without a zone; of an IPv4 address in IPv6 the IPv4 address.
std::string_view plain(std::string_view address) {
  address = address.substr(0, address.find('%'));
  if (address.find('.') == std::string_view::npos) return address;
  return address.substr(address.rfind(':') + 1);  // all of it, if there is no colon
}

Range range_of(std::string_view address) {
  address = plain(address);
  if (address.find(':') == std::string_view::npos) {
    const auto bytes = bytes_of(address);
    return bytes ? range_of_4(*bytes) : Range{Scope::nowhere, 0};
  }
  const auto groups = groups_of(address);
  return groups ? range_of_6(*groups) : Range{Scope::nowhere, 0};
}

}  // namespace

Scope scope_of(std::string_view address) {
  return range_of(address).first;
}

bool share_scope(std::string_view one, std::string_view other) {
  return range_of(one) == range_of(other);
}

std::string network_of(std::string_view address) {
  address = plain(address);
  if (address.find(':') == std::string_view::npos) return network_of_4(address);
  const auto groups = groups_of(address);
  if (!groups) return {};
  if (range_of_6(*groups).first == Scope::machine) return {};
  std::string network;
  for (std::size_t i = 0; i < 3; ++i) network += std::to_string((*groups)[i]) + ":";
  return network;
}

}  // namespace astral::core
