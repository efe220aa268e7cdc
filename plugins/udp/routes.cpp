// SPDX-License-Identifier: BSD-3-Clause
#include "udp/routes.hpp"

#include <algorithm>

namespace astral::udp {
namespace {

constexpr std::uint8_t long_header = 0x80;
constexpr std::size_t before_length = 5;  // the first byte and the version (RFC 8999, 5.1)

template <typename Id>
std::optional<Id> read(Bytes from) {
  Id id;
  if (from.size() < id.size()) return std::nullopt;
  std::copy_n(from.begin(), id.size(), id.begin());
  return id;
}

}  // namespace

Destination destination_of(Bytes packet) {
  if (packet.empty()) return {};
  if (!(packet[0] & long_header)) return {read<RouteId>(packet.subspan(1)), std::nullopt};
  if (packet.size() <= before_length) return {};
  const Bytes id = packet.subspan(before_length + 1);
  const std::size_t size = packet[before_length];
  if (id.size() < size) return {};
  if (size == std::tuple_size_v<Secret>) return {std::nullopt, read<Secret>(id)};
  return {read<RouteId>(id.first(size)), std::nullopt};
}

}  // namespace astral::udp
