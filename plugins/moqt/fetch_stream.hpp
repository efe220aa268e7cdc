// SPDX-License-Identifier: BSD-3-Clause
// The objects of a FETCH's data stream (§11.4.4), each told by its difference from the one before: bytes to
// structs and back, and the reader that makes objects of bytes as they arrive. They know no session: whose
// the stream is and what a full memory means is decided there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "moqt/image.hpp"
#include "moqt/object.hpp"
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

// Of an end as FETCH and FETCH_OK have it: behind the last object, where object 0 says all of the group.
bool ends_before(Location end, Location start);
bool in_front_of(Location object, Location end);

// An item without its payload, as it stands on the wire before it.
struct FetchHead {
  FetchItem item;
  std::uint64_t payload_size = 0;
  bool too_large = false;  // properties above max_properties: nothing else is known
  bool mandatory = false;  // one of the properties is mandatory for a track
};

// What the next item may refer to; one per stream and direction.
class FetchContext {
 public:
  explicit FetchContext(GroupOrder order = GroupOrder::ascending) : order_(order) {}

  // The item at the front of `in`, which moves past it; nothing if it is not there completely.
  Decoded<std::optional<FetchItem>> next(Bytes &in);
  // As next(), for an item whose payload may not be there yet.
  Decoded<std::optional<FetchHead>> head(Bytes &in);
  // Items in the order of the fetch. Ranges are written without a payload length (moq-wg#1861).
  void write(Writer &out, const FetchItem &item);
  // What comes before the length of the properties, or before that of the payload if there are none.
  void write_head(Writer &out, const FetchItem &item);
  // Is this behind the last item, in the order of the fetch?
  bool may_follow(Location id) const;

 private:
  Decoded<std::uint64_t> group_after(std::uint64_t delta) const;
  void remember(const FetchItem &item);

  GroupOrder order_;
  std::optional<Location> at_;             // of the last item, a range's end included
  std::optional<std::uint64_t> subgroup_;  // of the last object; a datagram had none
  std::optional<std::uint8_t> priority_;   // of the last object
};

// Reads what follows the FETCH_HEADER.
class FetchReader {
 public:
  enum class Step {
    need_more,  // `in` is used up
    object,     // take_object() has one
    missing,    // missing() is the end of a range without objects
    too_large,  // an object above our maximum: stop the stream
    malformed,  // an object with a track's mandatory property: stop the track
  };

  FetchReader(GroupOrder order, std::uint64_t max_object) : context_(order), max_object_(max_object) {}

  Decoded<Step> read(Bytes &in);
  Object take_object();
  const FetchItem &missing() const { return item_; }
  bool at_boundary() const { return head_.empty() && !image_.started(); }  // a FIN is legal here
  std::size_t held() const { return head_.capacity() + image_.held(); }    // bytes of the unfinished item

 private:
  Decoded<std::optional<FetchHead>> next_head(Bytes &in);

  FetchContext context_;
  std::uint64_t max_object_;
  std::vector<std::uint8_t> head_;  // of an item, as much as has arrived
  FetchItem item_;                  // whose payload is being read
  ImageBuilder image_;
};

}  // namespace astral::moqt
