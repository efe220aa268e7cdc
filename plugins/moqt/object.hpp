// SPDX-License-Identifier: BSD-3-Clause
// One object, stored as its wire image: the bytes of a subgroup stream with the PROPERTIES bit (§11.4.2),
//     00 | properties length | properties | payload length | payload          (length 0: then a status)
// where 00 is the Object ID Delta: "the id after the one before". Every child's stream gets the same Slice.
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
  std::size_t properties_offset = 0;  // offset in `wire`
  std::size_t properties_size = 0;
  std::size_t payload_offset = 0;  // the payload ends with `wire`; none if there is a status
  ObjectStatus status = ObjectStatus::normal;
  bool first_object = false;    // FIRST_OBJECT: the publisher's first object of this subgroup
  std::uint8_t priority = 128;  // the publisher's; a lower number is sent first

  Bytes properties() const { return wire.bytes().subspan(properties_offset, properties_size); }
  Slice payload() const { return wire.from(payload_offset); }
};

// The parts of a wire image; the fields point into it.
struct ObjectView {
  Bytes properties;
  Bytes payload;
  ObjectStatus status = ObjectStatus::normal;
};

// `properties` are encoded key-value pairs (properties.hpp), at most max_properties bytes. Makes one
// allocation and one copy.
Slice encode_object(Bytes properties, Bytes payload);
Slice encode_object(Bytes properties, std::span<const Bytes> payload_parts);
// Status 3, End of Group: no object of this group follows. Astral ends each of its groups with it.
Slice encode_end_of_group();
Slice encode_status(ObjectStatus status);
Object end_of_group(Location at);

// Parses a wire image. Errors: too_large: the properties exceed max_properties; invalid: not exactly one
// image.
Expected<ObjectView> view_object(Bytes wire);

}  // namespace astral::moqt
