// SPDX-License-Identifier: BSD-3-Clause
// The objects of a FETCH's data stream (§11.4.4), each told by its difference from the one before. Bytes to
// structs and back; the session refuses FETCH, so nothing here is driven by a live stream yet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "moqt/parameters.hpp"
#include "moqt/types.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

inline constexpr std::uint64_t fetch_stream_type = 0x05;

struct FetchHeader {
  RequestId request{};
};
std::vector<std::uint8_t> encode(const FetchHeader &header);

struct FetchItem {
  enum class Kind { object, end_of_nonexistent, end_of_unknown };
  Kind kind = Kind::object;
  Location id;
  std::optional<std::uint64_t> subgroup = 0;  // absent: the object was a datagram
  std::uint8_t priority = 128;
  Bytes properties;  // of what was given to next(), or what is to be written
  Bytes payload;
};

// What the next item may refer to; one per stream and direction.
class FetchContext {
 public:
  explicit FetchContext(GroupOrder order = GroupOrder::ascending) : order_(order) {}

  // The item at the front of `in`, which moves past it; nothing if it is not there completely.
  Decoded<std::optional<FetchItem>> next(Bytes &in);
  // Items in the order of the fetch. Ranges are written without a payload length (moq-wg#1861).
  void write(Writer &out, const FetchItem &item);

 private:
  Decoded<std::uint64_t> group_after(std::uint64_t delta) const;
  void remember(const FetchItem &item);

  GroupOrder order_;
  std::optional<Location> at_;             // of the last item, a range's end included
  std::optional<std::uint64_t> subgroup_;  // of the last object; a datagram had none
  std::optional<std::uint8_t> priority_;   // of the last object
};

}  // namespace astral::moqt
