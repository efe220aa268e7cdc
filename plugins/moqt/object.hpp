// SPDX-License-Identifier: BSD-3-Clause
// One object, stored as its wire image: the bytes of a subgroup stream with the PROPERTIES bit (§11.4.2),
//     00 | properties length | properties | payload length | payload          (length 0: then a status)
// where 00 says "the id after the one before". The same Slice goes to every child's stream unchanged.
#pragma once

#include <cstdint>
#include <span>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"

namespace astral::moqt {

struct Object {
  Location id;
  std::uint64_t subgroup = 0;
  Slice wire;                         // one allocation
  std::size_t properties_offset = 0;  // into wire
  std::size_t properties_size = 0;
  std::size_t payload_offset = 0;  // payload runs from here to the end, unless there is a status
  ObjectStatus status = ObjectStatus::normal;
  bool first_object = false;    // the first ever of its subgroup (FIRST_OBJECT), said by the publisher
  std::uint8_t priority = 128;  // the publisher's, low goes first

  Bytes properties() const { return wire.bytes().subspan(properties_offset, properties_size); }
  Slice payload() const { return wire.from(payload_offset); }
};

// The parts of a wire image; they point into it.
struct ObjectView {
  Bytes properties;
  Bytes payload;
  ObjectStatus status = ObjectStatus::normal;
};

// Properties are encoded key-value pairs (properties.hpp) of at most max_properties. One allocation, one
// copy.
Slice encode_object(Bytes properties, Bytes payload);
Slice encode_object(Bytes properties, std::span<const Bytes> payload_parts);
// "No object of this group comes after this one" (status 3): the last object of each of our groups.
Slice encode_end_of_group();
Slice encode_status(ObjectStatus status);

// Takes a wire image apart; fails with Code::invalid unless it is exactly one.
Expected<ObjectView> view_object(Bytes wire);

}  // namespace astral::moqt
