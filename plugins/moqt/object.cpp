// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/object.hpp"

#include <cassert>
#include <cstring>
#include <memory>

#include "moqt/limits.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

Slice encode_object(Bytes properties, Bytes payload) {
  return encode_object(properties, std::span<const Bytes>(&payload, 1));
}

Slice encode_object(Bytes properties, std::span<const Bytes> payload_parts) {
  assert(properties.size() <= max_properties);  // our own: encode_timing() writes a few bytes
  std::size_t payload_size = 0;
  for (const Bytes part : payload_parts) payload_size += part.size();
  const std::size_t size = 1 + vi64_size(properties.size()) + properties.size() + vi64_size(payload_size) +
                           (payload_size == 0 ? 1 : payload_size);
  auto owner = std::make_shared_for_overwrite<std::uint8_t[]>(size);
  std::uint8_t *at = owner.get();
  const auto put = [&at](Bytes bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
  };
  *at++ = 0;  // id delta
  at += put_vi64(properties.size(), at);
  put(properties);
  at += put_vi64(payload_size, at);
  for (const Bytes part : payload_parts) put(part);
  if (payload_size == 0) *at++ = static_cast<std::uint8_t>(ObjectStatus::normal);
  assert(at == owner.get() + size);  // `size` is the sum of all parts
  const Bytes view(owner.get(), size);
  return {std::move(owner), view};
}

Slice encode_status(ObjectStatus status) {
  const std::uint8_t wire[] = {0, 0, 0, static_cast<std::uint8_t>(status)};
  return Slice::copy(wire);
}

Slice encode_end_of_group() {
  return encode_status(ObjectStatus::end_of_group);
}

Object end_of_group(Location at) {
  Object object;
  object.id = at;
  object.wire = encode_end_of_group();
  object.payload_offset = object.wire.size();
  object.status = ObjectStatus::end_of_group;
  return object;
}

Expected<ObjectView> view_object(Bytes wire) {
  Reader in(wire);
  ObjectView view;
  const std::uint64_t delta = in.vi64();
  const std::uint64_t properties_size = in.vi64();
  if (properties_size > max_properties) return fail(Code::too_large, "object properties above 64 KiB");
  view.properties = in.take(properties_size);
  const std::uint64_t payload_size = in.vi64();
  if (payload_size == 0) {
    const std::uint64_t status = in.vi64();
    view.status = static_cast<ObjectStatus>(status);
    if (status != 0 && status != 3 && status != 4) return fail(Code::invalid, "unknown object status");
    if (status != 0 && !view.properties.empty()) return fail(Code::invalid, "status object with properties");
  } else {
    view.payload = in.take(payload_size);
  }
  if (!in.done() || delta != 0 || wire.front() != 0)
    return fail(Code::invalid, "not the wire image of one object");
  return view;
}

}  // namespace astral::moqt
