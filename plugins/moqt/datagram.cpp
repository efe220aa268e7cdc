// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/datagram.hpp"

#include <cassert>

#include "moqt/limits.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {

namespace {

constexpr std::uint64_t datagram_properties_bit = 0x01;
constexpr std::uint64_t datagram_end_of_group_bit = 0x02;
constexpr std::uint64_t zero_object_bit = 0x04;
constexpr std::uint64_t datagram_default_priority_bit = 0x08;
constexpr std::uint64_t status_bit = 0x20;
constexpr std::uint64_t padding_type = 0x132B3E29;

}  // namespace

std::vector<std::uint8_t> encode(const ObjectDatagram &datagram) {
  // Checks our own caller, not the peer.
  assert(!(datagram.status && (datagram.end_of_group || !datagram.payload.empty())));
  std::uint64_t type = 0;
  if (!datagram.properties.empty()) type |= datagram_properties_bit;
  if (datagram.end_of_group) type |= datagram_end_of_group_bit;
  if (datagram.id.object == 0) type |= zero_object_bit;
  if (!datagram.priority) type |= datagram_default_priority_bit;
  if (datagram.status) type |= status_bit;
  Writer out;
  out.vi64(type).vi64(raw(datagram.alias)).vi64(datagram.id.group);
  if (datagram.id.object != 0) out.vi64(datagram.id.object);
  if (datagram.priority) out.uint8(*datagram.priority);
  if (!datagram.properties.empty()) out.prefixed(datagram.properties);
  if (datagram.status)
    out.vi64(static_cast<std::uint64_t>(*datagram.status));
  else
    out.bytes(datagram.payload);
  return out.take();
}

Decoded<std::optional<ObjectDatagram>> decode_datagram(Bytes wire) {
  Reader in(wire);
  ObjectDatagram datagram;
  const std::uint64_t type = in.vi64();
  if (in.ok() && type == padding_type) return std::optional<ObjectDatagram>();
  if (type > 0x2F || (type & 0x10) != 0) return violation("unknown datagram type");
  datagram.end_of_group = (type & datagram_end_of_group_bit) != 0;
  const bool has_status = (type & status_bit) != 0;
  if (has_status && datagram.end_of_group) return violation("status datagram that ends a group");
  datagram.alias = TrackAlias{in.vi64()};
  datagram.id.group = in.vi64();
  if ((type & zero_object_bit) == 0) datagram.id.object = in.vi64();
  if ((type & datagram_default_priority_bit) == 0) datagram.priority = in.uint8();
  if ((type & datagram_properties_bit) != 0) {
    datagram.properties = in.take_prefixed();
    if (in.ok() && datagram.properties.empty()) return violation("datagram with properties of length 0");
  }
  if (has_status) {
    const std::uint64_t status = in.vi64();
    if (in.ok() && status != 0 && status != 3 && status != 4) return violation("unknown object status");
    if (status != 0 && !datagram.properties.empty()) return violation("a status object has properties");
    datagram.status = static_cast<ObjectStatus>(status);
    if (in.left() != 0) return violation("datagram is longer than its fields");
  } else {
    datagram.payload = in.take_rest();
  }
  if (!in.ok()) return violation("datagram is shorter than its fields");
  if (const auto valid = check_properties(datagram.properties); !valid) return tl::unexpected(valid.error());
  return datagram;
}

}  // namespace astral::moqt
