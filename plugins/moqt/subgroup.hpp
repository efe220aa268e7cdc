// SPDX-License-Identifier: BSD-3-Clause
// A subgroup stream (§11.4.2): its header, and a reader that makes objects from bytes as they arrive. It does
// not know the session: that decides what an alias means and what to do at a limit.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "moqt/image.hpp"
#include "moqt/object.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

struct SubgroupHeader {
  enum class Mode : std::uint8_t { zero = 0, first_object = 1, field = 2 };  // where the Subgroup ID is
  TrackAlias alias{};
  std::uint64_t group = 0;
  Mode mode = Mode::zero;
  std::uint64_t subgroup = 0;            // first_object: known after the first object
  std::optional<std::uint8_t> priority;  // absent: the track's default
  bool properties = true;                // each object has the field, which may be empty
  bool end_of_group = false;             // after FIN the group has no more objects
  bool first_object = false;             // the stream starts with the subgroup's first object
};

bool is_subgroup_type(std::uint64_t stream_type);  // one of the valid types
std::vector<std::uint8_t> encode(const SubgroupHeader &header);

// Collects one vi64 whose bytes may arrive in several calls.
class SplitVi64 {
 public:
  // Takes bytes from the front of `in`. Returns the value when it is complete.
  std::optional<std::uint64_t> take(Bytes &in);
  bool empty() const { return size_ == 0; }

 private:
  std::array<std::uint8_t, max_vi64> bytes_{};
  std::uint8_t size_ = 0;
};

// Reads the stream after its type.
class SubgroupReader {
 public:
  enum class Step {
    need_more,  // `in` is used up
    header,     // header() is complete
    object,     // take_object() has one
    too_large,  // an object above our maximum: stop the stream
    malformed,  // an object after the end of its group, or with a track's mandatory property: stop the track
  };

  // Precondition: is_subgroup_type(type).
  SubgroupReader(std::uint64_t type, std::uint64_t max_object);

  Decoded<Step> read(Bytes &in);
  const SubgroupHeader &header() const { return header_; }
  bool has_header() const { return field_ >= Field::delta; }
  Object take_object();                        // its priority is unset if the header has none
  bool at_boundary() const;                    // a FIN is legal here
  bool ended_group() const { return ended_; }  // End of Group or End of Track was read
  std::size_t held() const {
    return image_.held() + properties_.capacity();
  }  // memory of the incomplete object, bytes

 private:
  // The field that the next byte belongs to.
  enum class Field {
    alias,
    group,
    subgroup,
    priority,  // header
    delta,
    properties_size,
    properties,
    payload_size,
    status,
    payload,  // object
  };

  Decoded<Step> read_header(Bytes &in);
  Decoded<Step> read_object(Bytes &in);
  Decoded<Step> set_id(std::uint64_t delta);
  Decoded<Step> start_payload(std::uint64_t size);
  Decoded<Step> finish(ObjectStatus status);
  Field after_header_field(Field field) const;

  SubgroupHeader header_;
  Field field_ = Field::alias;
  SplitVi64 number_;
  std::uint64_t max_object_;

  bool any_ = false;  // an object has been read
  bool ended_ = false;
  std::uint64_t id_ = 0;
  std::size_t properties_size_ = 0;
  std::vector<std::uint8_t> properties_;  // of the current object
  ImageBuilder image_;
  std::optional<Object> object_;
};

}  // namespace astral::moqt
