// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/properties.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

#include "moqt/limits.hpp"

namespace astral::moqt {

namespace {

struct Pair {
  std::uint64_t type = 0;
  std::uint64_t number = 0;
  Bytes bytes;
};

bool is_mandatory(std::uint64_t type) {
  return type >= property::mandatory_first && type <= property::mandatory_last;
}

// Reads one pair. Its type is coded as the difference to `previous`.
Decoded<Pair> read_pair(Reader &in, std::uint64_t previous) {
  const std::uint64_t delta = in.vi64();
  if (delta > std::numeric_limits<std::uint64_t>::max() - previous)
    return violation("key-value type above 2^64-1");
  Pair pair;
  pair.type = previous + delta;
  if (pair.type % 2 == 0) {
    pair.number = in.vi64();
  } else {
    const std::uint64_t size = in.vi64();
    if (size > max_key_value_bytes) return violation("key-value of more than 65535 bytes");
    pair.bytes = in.take(size);
  }
  if (!in.ok()) return violation("key-value pair is cut short", CloseCode::key_value_formatting);
  return pair;
}

}  // namespace

Properties &Properties::add(std::uint64_t even_type, std::uint64_t value) {
  assert(even_type % 2 == 0);  // a constant of ours, or decode_properties() has checked
  insert(Property{.type = even_type, .number = value, .bytes = {}});
  return *this;
}

Properties &Properties::add(std::uint64_t odd_type, std::string_view value) {
  // As above. Our largest value is a catalog, which elements/catalog bounds when it reads it.
  assert(odd_type % 2 == 1 && value.size() <= max_key_value_bytes);
  insert(Property{.type = odd_type, .number = 0, .bytes = std::string(value)});
  return *this;
}

void Properties::insert(Property property) {
  const auto after =
      std::upper_bound(all_.begin(), all_.end(), property.type,
                       [](std::uint64_t type, const Property &other) { return type < other.type; });
  all_.insert(after, std::move(property));
}

std::optional<std::uint64_t> Properties::number(std::uint64_t even_type) const {
  for (const Property &property : all_)
    if (property.type == even_type) return property.number;
  return std::nullopt;
}

std::optional<std::string_view> Properties::bytes(std::uint64_t odd_type) const {
  for (const Property &property : all_)
    if (property.type == odd_type) return property.bytes;
  return std::nullopt;
}

void write(Writer &out, const Properties &properties) {
  std::uint64_t previous = 0;
  for (const Property &property : properties.all()) {
    out.vi64(property.type - previous);
    if (property.type % 2 == 0)
      out.vi64(property.number);
    else
      out.prefixed(property.bytes);
    previous = property.type;
  }
}

std::vector<std::uint8_t> encode(const Properties &properties) {
  Writer out;
  write(out, properties);
  return out.take();
}

Decoded<Properties> decode_properties(Bytes wire) {
  Properties properties;
  Reader in(wire);
  std::uint64_t previous = 0;
  for (std::size_t count = 0; !in.done(); ++count) {
    if (count == max_property_count) return violation("too many key-value pairs");
    const auto pair = read_pair(in, previous);
    if (!pair) return tl::unexpected(pair.error());
    previous = pair->type;
    if (pair->type % 2 == 0)
      properties.add(pair->type, pair->number);
    else
      properties.add(pair->type, as_text(pair->bytes));
  }
  return properties;
}

Decoded<bool> check_properties(Bytes wire) {
  Reader in(wire);
  std::uint64_t previous = 0;
  bool mandatory = false;
  while (!in.done()) {
    const auto pair = read_pair(in, previous);
    if (!pair) return tl::unexpected(pair.error());
    previous = pair->type;
    mandatory = mandatory || is_mandatory(pair->type);
  }
  return mandatory;
}

bool has_mandatory(const Properties &properties) {
  return std::any_of(properties.all().begin(), properties.all().end(),
                     [](const Property &property) { return is_mandatory(property.type); });
}

}  // namespace astral::moqt
