// SPDX-License-Identifier: BSD-3-Clause
// The data stream of a FETCH (§11.4.4). Each item is coded relative to the item before. Here are the codec
// and a reader that makes objects from bytes as they arrive. They do not know the session: it decides to
// which request a stream belongs and what to do at a limit.
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
  Bytes properties;  // points into the input of next(), or is to be written
  Bytes payload;
};

// `end` has the form of FETCH and FETCH_OK: {group, last object + 1}; object 0 means the whole group.
bool ends_before(Location end, Location start);
bool in_front_of(Location object, Location end);

// The part of an item that precedes its payload on the wire.
struct FetchHead {
  FetchItem item;
  std::uint64_t payload_size = 0;
  bool too_large = false;  // properties above max_properties; no other field is valid
  bool mandatory = false;  // has a mandatory track property (§2.5.1)
};

// The state that the next item's coding refers to; one for each stream and direction.
class FetchContext {
 public:
  explicit FetchContext(GroupOrder order = GroupOrder::ascending) : order_(order) {}

  // Reads the item at the front of `in` and advances `in`; nullopt if the item is incomplete.
  Decoded<std::optional<FetchItem>> next(Bytes &in);
  // As next(), for an item whose payload may not have arrived.
  Decoded<std::optional<FetchHead>> head(Bytes &in);
  // Writes an item; items must follow the order of the fetch. Ranges have no payload length (moq-wg#1861).
  void write(Writer &out, const FetchItem &item);
  // Writes the fields before the length of the properties, or before the payload length if there are none.
  void write_head(Writer &out, const FetchItem &item);
  // True if `id` is after the last item in the order of the fetch.
  bool may_follow(Location id) const;

 private:
  Decoded<std::uint64_t> group_after(std::uint64_t delta) const;
  void remember(const FetchItem &item);

  GroupOrder order_;
  std::optional<Location> at_;             // location of the last item, which may be the end of a range
  std::optional<std::uint64_t> subgroup_;  // of the last object; nullopt: it was a datagram
  std::optional<std::uint8_t> priority_;   // of the last object
};

// Reads the stream after the FETCH_HEADER.
class FetchReader {
 public:
  enum class Step {
    need_more,  // `in` is used up
    object,     // take_object() has one
    missing,    // missing() is the end of a range that has no objects
    too_large,  // an object above our maximum: stop the stream
    malformed,  // an object has a mandatory track property: stop the track
  };

  FetchReader(GroupOrder order, std::uint64_t max_object) : context_(order), max_object_(max_object) {}

  Decoded<Step> read(Bytes &in);
  Object take_object();
  const FetchItem &missing() const { return item_; }
  bool at_boundary() const { return head_.empty() && !image_.started(); }  // a FIN is legal here
  std::size_t held() const { return head_.capacity() + image_.held(); }    // bytes of the incomplete item

 private:
  Decoded<std::optional<FetchHead>> next_head(Bytes &in);

  FetchContext context_;
  std::uint64_t max_object_;
  std::vector<std::uint8_t> head_;  // the part of a head that has arrived
  FetchItem item_;                  // the item whose payload is being read
  ImageBuilder image_;
};

}  // namespace astral::moqt
