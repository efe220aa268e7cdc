// SPDX-License-Identifier: BSD-3-Clause
#include "formats/h265.hpp"

#include <algorithm>
#include <utility>

#include "formats/codec_heads.hpp"

namespace astral::formats::h265 {

namespace {

constexpr std::size_t longest_parameters = 4096;  // bytes; real ones have less than 200
constexpr std::size_t most_of_type = 16;
constexpr std::size_t unit_head = 2;

// The first bytes of a unit, without emulation prevention bytes; zeros where it is shorter.
Buffer begin_of(Bytes unit, std::size_t size) {
  Buffer out;
  unsigned zeros = 0;
  for (const std::uint8_t byte : unit) {
    if (out.size() == size) break;
    const bool is_inserted = zeros >= 2 && byte == 3;
    zeros = byte == 0 ? zeros + 1 : 0;
    if (!is_inserted) out.push_back(byte);
  }
  out.resize(size);
  return out;
}

}  // namespace

Nal type_of(Bytes unit) {
  return static_cast<Nal>(unit[0] >> 1 & 0x3f);
}

bool is_parameter_set(Bytes unit) {
  const Nal type = type_of(unit);
  return type >= Nal::vps && type <= Nal::pps;
}

bool is_start(const std::vector<Bytes> &units) {
  return std::any_of(units.begin(), units.end(), [](Bytes unit) {
    return type_of(unit) >= Nal::first_irap && type_of(unit) <= Nal::last_irap;
  });
}

bool Parameters::learn(const std::vector<Bytes> &units) {
  std::map<Nal, std::vector<Buffer>> found;
  for (const Bytes unit : units) {
    if (!is_parameter_set(unit) || unit.size() <= unit_head || unit.size() > longest_parameters) continue;
    std::vector<Buffer> &sets = found[type_of(unit)];
    if (sets.size() < most_of_type) sets.emplace_back(unit.begin(), unit.end());
  }
  bool has_changed = false;
  for (auto &[type, sets] : found) {
    has_changed = has_changed || sets_[type] != sets;
    sets_[type] = std::move(sets);
  }
  return has_changed;
}

std::optional<unsigned> Parameters::read_record(Bytes record) {
  constexpr std::size_t head = 22;                                  // up to numOfArrays
  if (record.size() <= head || record[0] > 1) return std::nullopt;  // some encoders write version 0
  std::vector<Bytes> units;
  std::size_t at = head;
  for (unsigned arrays = record[at++]; arrays > 0; --arrays) {
    if (at + 3 > record.size()) return std::nullopt;
    unsigned left = unsigned{record[at + 1]} << 8 | record[at + 2];
    at += 3;
    for (; left > 0; --left) {
      if (at + 2 > record.size()) return std::nullopt;
      const std::size_t length = std::size_t{record[at]} << 8 | record[at + 1];
      at += 2;
      if (length == 0 || at + length > record.size()) return std::nullopt;
      units.push_back(record.subspan(at, length));
      at += length;
    }
  }
  Parameters read;
  read.learn(units);
  if (!read.are_known()) return std::nullopt;
  *this = std::move(read);
  return (record[head - 1] & 3u) + 1;
}

bool Parameters::are_known() const {
  return sets_.contains(Nal::vps) && sets_.contains(Nal::sps) && sets_.contains(Nal::pps);
}

// ISO/IEC 14496-15, 8.3.3.1.
Buffer Parameters::record() const {
  constexpr std::size_t layers_at = unit_head, profile_at = 3, profile_size = 12;
  constexpr std::uint8_t is_complete = 0x80, lengths_of_four = 3;
  const Buffer &sps = sets_.at(Nal::sps).front();
  Buffer picture;
  h264::put_after_start_code(picture, sps);
  const VideoFacts facts = read_h265(picture).value_or(VideoFacts{});
  const Buffer head = begin_of(sps, profile_at + profile_size);
  const auto profile = head.begin() + profile_at;
  Buffer out{1};
  out.insert(out.end(), profile, profile + profile_size);
  const unsigned layers = (head[layers_at] >> 1 & 7u) + 1, is_nested = head[layers_at] & 1u;
  const unsigned more_bits = facts.bits - VideoFacts::usual_bits;
  for (const unsigned value : {0xf0u, 0x00u, 0xfcu, 0xfcu | facts.chroma, 0xf8u | more_bits,
                               0xf8u | more_bits, 0u, 0u, layers << 3 | is_nested << 2 | lengths_of_four})
    out.push_back(static_cast<std::uint8_t>(value));
  const auto put_size = [&](std::size_t size) {
    out.push_back(static_cast<std::uint8_t>(size >> 8));
    out.push_back(static_cast<std::uint8_t>(size));
  };
  out.push_back(static_cast<std::uint8_t>(sets_.size()));
  for (const auto &[type, sets] : sets_) {
    out.push_back(is_complete | static_cast<std::uint8_t>(type));
    put_size(sets.size());
    for (const Buffer &set : sets) {
      put_size(set.size());
      out.insert(out.end(), set.begin(), set.end());
    }
  }
  return out;
}

std::vector<Bytes> Parameters::units() const {
  std::vector<Bytes> units;
  for (const auto &[type, sets] : sets_) units.insert(units.end(), sets.begin(), sets.end());
  return units;
}

Buffer access_unit(const std::vector<Bytes> &units, const Parameters &parameters) {
  constexpr std::uint8_t delimiter[] = {static_cast<std::uint8_t>(Nal::delimiter) << 1, 1, 0x50};
  Buffer out;
  h264::put_after_start_code(out, delimiter);
  const bool starts = is_start(units);
  if (starts)
    for (const Bytes unit : parameters.units()) h264::put_after_start_code(out, unit);
  for (const Bytes unit : units)
    if (type_of(unit) != Nal::delimiter && !(starts && is_parameter_set(unit)))
      h264::put_after_start_code(out, unit);
  return out;
}

Buffer with_lengths(const std::vector<Bytes> &units) {
  Buffer out;
  for (const Bytes unit : units)
    if (!is_parameter_set(unit) && type_of(unit) != Nal::delimiter && type_of(unit) != Nal::filler)
      h264::put_after_length(out, unit);
  return out;
}

}  // namespace astral::formats::h265
