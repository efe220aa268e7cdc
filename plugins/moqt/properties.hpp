// SPDX-License-Identifier: BSD-3-Clause
// Key-value pairs (§1.4.3): the properties of tracks and objects, and the options of SETUP. Even types hold
// an integer, odd types bytes. Unknown types are kept and forwarded unchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

namespace property {                                              // §15.8, see WIRE.md
inline constexpr std::uint64_t object_delivery_timeout = 0x02;    // ms
inline constexpr std::uint64_t max_cache_duration = 0x04;         // ms
inline constexpr std::uint64_t subgroup_delivery_timeout = 0x06;  // ms
inline constexpr std::uint64_t immutable_properties = 0x0B;
inline constexpr std::uint64_t default_publisher_priority = 0x0E;  // 128 if absent
inline constexpr std::uint64_t default_group_order = 0x22;
inline constexpr std::uint64_t dynamic_groups = 0x30;
inline constexpr std::uint64_t prior_group_id_gap = 0x3C;
inline constexpr std::uint64_t prior_object_id_gap = 0x3E;
inline constexpr std::uint64_t private_first = 0x3800;    // to 0x3FFF: private to the application
inline constexpr std::uint64_t mandatory_first = 0x4000;  // to 0x7FFF: a track with an unknown one of
inline constexpr std::uint64_t mandatory_last = 0x7FFF;   // these must not be processed (§2.5.1)
}                                                         // namespace property

struct Property {
  std::uint64_t type = 0;
  std::uint64_t number = 0;  // the value of an even type
  std::string bytes;         // the value of an odd type
  friend bool operator==(const Property &, const Property &) = default;
};

// In wire order, which ascends by type. Equal types may repeat.
class Properties {
 public:
  Properties() = default;
  Properties &add(std::uint64_t even_type, std::uint64_t value);
  Properties &add(std::uint64_t odd_type, std::string_view value);

  std::optional<std::uint64_t> number(std::uint64_t even_type) const;
  std::optional<std::string_view> bytes(std::uint64_t odd_type) const;
  const std::vector<Property> &all() const { return all_; }
  bool empty() const { return all_.empty(); }
  friend bool operator==(const Properties &, const Properties &) = default;

 private:
  void insert(Property property);
  std::vector<Property> all_;
};

void write(Writer &out, const Properties &properties);
std::vector<std::uint8_t> encode(const Properties &properties);
Decoded<Properties> decode_properties(Bytes wire);
// Checks that these are well-formed pairs, without allocating. True: one of them is a mandatory track
// property.
Decoded<bool> check_properties(Bytes wire);
bool has_mandatory(const Properties &properties);

}  // namespace astral::moqt
