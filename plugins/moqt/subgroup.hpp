// SPDX-License-Identifier: BSD-3-Clause
// A subgroup stream (§11.4.2): the header, and the reader that makes objects of bytes as they arrive. It
// knows no session: what an alias means and what a full memory means is decided there.
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
  enum class Mode : std::uint8_t { zero = 0, first_object = 1, field = 2 };  // where the subgroup's id stands
  TrackAlias alias{};
  std::uint64_t group = 0;
  Mode mode = Mode::zero;
  std::uint64_t subgroup = 0;            // with Mode::field; with first_object known after the first object
  std::optional<std::uint8_t> priority;  // absent: the track's default
  bool properties = true;                // each object has the field, be it empty
  bool end_of_group = false;             // at FIN: the group has no later object
  bool first_object = false;             // the first object here is the first ever of the subgroup
};

bool is_subgroup_type(std::uint64_t stream_type);  // valid ones only
std::vector<std::uint8_t> encode(const SubgroupHeader &header);

// Collects one vi64 that may be split over calls.
class SplitVi64 {
 public:
  // Takes from the front of `in`; the value when it is whole.
  std::optional<std::uint64_t> take(Bytes &in);
  bool empty() const { return size_ == 0; }

 private:
  std::array<std::uint8_t, max_vi64> bytes_{};
  std::uint8_t size_ = 0;
};

// Reads what follows the stream type.
class SubgroupReader {
 public:
  enum class Step {
    need_more,  // `in` is used up
    header,     // header() is complete
    object,     // take_object() has one
    too_large,  // an object above our maximum: stop the stream
    malformed,  // an object after the end of its group, or with a track's mandatory property: stop the track
  };

  // `type` has been read and is_subgroup_type().
  SubgroupReader(std::uint64_t type, std::uint64_t max_object);

  Decoded<Step> read(Bytes &in);
  const SubgroupHeader &header() const { return header_; }
  bool has_header() const { return field_ >= Field::delta; }
  Object take_object();      // without a priority if the header has none: the session knows the track's
  bool at_boundary() const;  // a FIN is legal here
  bool ended_group() const { return ended_; }  // an end-of-group or end-of-track object was read
  std::size_t held() const {
    return image_.held() + properties_.capacity();
  }  // bytes of the unfinished object

 private:
  // What the next byte belongs to.
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

  bool any_ = false;  // an object was read
  bool ended_ = false;
  std::uint64_t id_ = 0;
  std::size_t properties_size_ = 0;
  std::vector<std::uint8_t> properties_;  // of the object that is being read
  ImageBuilder image_;
  std::optional<Object> object_;
};

}  // namespace astral::moqt
