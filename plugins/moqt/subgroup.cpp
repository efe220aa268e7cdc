// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/subgroup.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "moqt/limits.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {

namespace {

// Type bits of SUBGROUP_HEADER.
constexpr std::uint64_t properties_bit = 0x01;
constexpr std::uint64_t mode_shift = 1;
constexpr std::uint64_t end_of_group_bit = 0x08;
constexpr std::uint64_t subgroup_bit = 0x10;
constexpr std::uint64_t default_priority_bit = 0x20;
constexpr std::uint64_t first_object_bit = 0x40;

}  // namespace

bool is_subgroup_type(std::uint64_t type) {
  return type < 0x80 && (type & subgroup_bit) != 0 && (type >> mode_shift & 3) != 3;
}

std::vector<std::uint8_t> encode(const SubgroupHeader &header) {
  std::uint64_t type = subgroup_bit | static_cast<std::uint64_t>(header.mode) << mode_shift;
  if (header.properties) type |= properties_bit;
  if (header.end_of_group) type |= end_of_group_bit;
  if (!header.priority) type |= default_priority_bit;
  if (header.first_object) type |= first_object_bit;
  Writer out;
  out.vi64(type).vi64(raw(header.alias)).vi64(header.group);
  if (header.mode == SubgroupHeader::Mode::field) out.vi64(header.subgroup);
  if (header.priority) out.uint8(*header.priority);
  return out.take();
}

std::optional<std::uint64_t> SplitVi64::take(Bytes &in) {
  if (in.empty()) return std::nullopt;
  if (size_ == 0 && in.size() >= vi64_announced(in[0])) {
    Reader reader(in);
    const std::uint64_t value = reader.vi64();
    in = reader.rest();
    return value;
  }
  const std::size_t wanted = vi64_announced(size_ == 0 ? in[0] : bytes_[0]);
  const std::size_t taken = std::min(wanted - size_, in.size());
  std::memcpy(bytes_.data() + size_, in.data(), taken);
  size_ = static_cast<std::uint8_t>(size_ + taken);
  in = in.subspan(taken);
  if (size_ < wanted) return std::nullopt;
  size_ = 0;
  return Reader(Bytes(bytes_.data(), wanted)).vi64();
}

// The asserts of the next three functions check the session, not the peer: it has checked the type, and it
// takes each object before it reads on.
SubgroupReader::SubgroupReader(std::uint64_t type, std::uint64_t max_object) : max_object_(max_object) {
  assert(is_subgroup_type(type));
  header_.mode = static_cast<SubgroupHeader::Mode>(type >> mode_shift & 3);
  header_.properties = (type & properties_bit) != 0;
  header_.end_of_group = (type & end_of_group_bit) != 0;
  header_.first_object = (type & first_object_bit) != 0;
  if ((type & default_priority_bit) == 0) header_.priority = 0;  // the priority byte follows
}

bool SubgroupReader::at_boundary() const {
  return field_ == Field::delta && number_.empty();
}

Object SubgroupReader::take_object() {
  assert(object_);
  Object object = std::move(*object_);
  object_.reset();
  return object;
}

Decoded<SubgroupReader::Step> SubgroupReader::read(Bytes &in) {
  assert(!object_);
  return has_header() ? read_object(in) : read_header(in);
}

// The header field after `field`, by the stream type.
SubgroupReader::Field SubgroupReader::after_header_field(Field field) const {
  switch (field) {
    case Field::alias:
      return Field::group;
    case Field::group:
      if (header_.mode == SubgroupHeader::Mode::field) return Field::subgroup;
      [[fallthrough]];
    case Field::subgroup:
      if (header_.priority) return Field::priority;
      [[fallthrough]];
    default:
      return Field::delta;
  }
}

Decoded<SubgroupReader::Step> SubgroupReader::read_header(Bytes &in) {
  while (!has_header()) {
    if (field_ == Field::priority) {
      if (in.empty()) return Step::need_more;
      header_.priority = in[0];
      in = in.subspan(1);
    } else {
      const auto value = number_.take(in);
      if (!value) return Step::need_more;
      if (field_ == Field::alias) header_.alias = TrackAlias{*value};
      if (field_ == Field::group) header_.group = *value;
      if (field_ == Field::subgroup) header_.subgroup = *value;
    }
    field_ = after_header_field(field_);
  }
  return Step::header;
}

Decoded<SubgroupReader::Step> SubgroupReader::read_object(Bytes &in) {
  while (true) {
    if (field_ == Field::properties) {
      const Bytes part = in.first(std::min(in.size(), properties_size_ - properties_.size()));
      properties_.insert(properties_.end(), part.begin(), part.end());
      in = in.subspan(part.size());
      if (properties_.size() < properties_size_) return Step::need_more;
      const auto mandatory = check_properties(properties_);
      if (!mandatory) return tl::unexpected(mandatory.error());
      if (*mandatory) return Step::malformed;
      field_ = Field::payload_size;
      continue;
    }
    if (field_ == Field::payload) {
      if (!image_.take(in)) return Step::need_more;
      return finish(ObjectStatus::normal);
    }
    const auto value = number_.take(in);
    if (!value) return Step::need_more;
    Decoded<Step> step = Step::need_more;
    switch (field_) {
      case Field::delta:
        step = set_id(*value);
        break;
      case Field::properties_size:
        if (*value > max_properties) return Step::too_large;
        properties_size_ = static_cast<std::size_t>(*value);
        field_ = properties_size_ == 0 ? Field::payload_size : Field::properties;
        break;
      case Field::payload_size:
        step = start_payload(*value);
        break;
      default:  // status
        if (*value != 0 && *value != 3 && *value != 4) return violation("unknown object status");
        if (*value != 0 && properties_size_ != 0) return violation("a status object has properties");
        return finish(static_cast<ObjectStatus>(*value));
    }
    if (!step || *step != Step::need_more) return step;
  }
}

Decoded<SubgroupReader::Step> SubgroupReader::set_id(std::uint64_t delta) {
  if (ended_) return Step::malformed;
  if (any_) {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    if (id_ == last || delta > last - id_ - 1) return violation("object id above 2^64-1");
    id_ += 1 + delta;
  } else {
    id_ = delta;
    if (header_.mode == SubgroupHeader::Mode::first_object) header_.subgroup = id_;
  }
  properties_size_ = 0;
  properties_.clear();
  field_ = header_.properties ? Field::properties_size : Field::payload_size;
  return Step::need_more;
}

Decoded<SubgroupReader::Step> SubgroupReader::start_payload(std::uint64_t size) {
  if (size > max_object_) return Step::too_large;
  image_.start(properties_, static_cast<std::size_t>(size));
  field_ = size == 0 ? Field::status : Field::payload;
  return Step::need_more;
}

Decoded<SubgroupReader::Step> SubgroupReader::finish(ObjectStatus status) {
  Object object = image_.finish(status);
  object.id = {header_.group, id_};
  object.subgroup = header_.subgroup;
  object.first_object = !any_ && header_.first_object;
  if (header_.priority) object.priority = *header_.priority;
  object_ = std::move(object);
  any_ = true;
  ended_ = status != ObjectStatus::normal;
  field_ = Field::delta;
  return Step::object;
}

}  // namespace astral::moqt
