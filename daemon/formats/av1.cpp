// SPDX-License-Identifier: BSD-3-Clause
#include "formats/av1.hpp"

#include <algorithm>

#include "formats/bits.hpp"

namespace astral::formats::av1 {

namespace {

constexpr unsigned sequence_header = 1;  // obu_type
constexpr std::size_t longest_size = 8;  // bytes of leb128()
constexpr std::size_t record_head = 4;
constexpr std::uint8_t marker_and_version = 0x81;
constexpr unsigned selected = 2;  // SELECT_SCREEN_CONTENT_TOOLS
constexpr unsigned first_level_with_tier = 8;

struct Obu {
  unsigned type = 0;
  std::size_t head = 0, size = 0;  // bytes: until its content, and of its content
};

// The OBU that `bytes` begins with. One without a size ends with the bytes.
std::optional<Obu> first_obu(Bytes bytes) {
  if (bytes.empty() || (bytes[0] & 0x80) != 0) return std::nullopt;
  Obu obu{.type = bytes[0] >> 3 & 0xfu, .head = (bytes[0] & 0x04) != 0 ? std::size_t{2} : 1};
  if (obu.head > bytes.size()) return std::nullopt;
  if ((bytes[0] & 0x02) == 0) {
    obu.size = bytes.size() - obu.head;
    return obu;
  }
  std::uint64_t size = 0;
  bool has_more = true;
  for (std::size_t i = 0; has_more; ++i) {
    if (i == longest_size || obu.head >= bytes.size()) return std::nullopt;
    const std::uint8_t byte = bytes[obu.head++];
    size |= std::uint64_t{byte & 0x7fu} << 7 * i;
    has_more = (byte & 0x80) != 0;
  }
  if (size > bytes.size() - obu.head) return std::nullopt;
  obu.size = static_cast<std::size_t>(size);
  return obu;
}

struct DecoderModel {
  bool is_there = false;
  unsigned delay_bits = 0;
};

DecoderModel read_timing(Bits &in) {
  DecoderModel model;
  if (!in.flag()) return model;
  in.skip(64);
  if (in.flag()) in.exponential();  // uvlc()
  model.is_there = in.flag();
  if (!model.is_there) return model;
  model.delay_bits = in.take(5) + 1;
  in.skip(32 + 5 + 5);
  return model;
}

// Takes the level and the tier of the first operating point.
void read_points(Bits &in, Sequence &out) {
  const DecoderModel model = read_timing(in);
  const bool has_delay = in.flag();
  const unsigned points = in.take(5) + 1;
  for (unsigned i = 0; i < points; ++i) {
    in.skip(12);
    const unsigned level = in.take(5);
    const unsigned tier = level >= first_level_with_tier ? in.take(1) : 0;
    if (i == 0) out.level = level;
    if (i == 0) out.tier = tier;
    if (model.is_there && in.flag()) in.skip(std::size_t{2} * model.delay_bits + 1);
    if (has_delay && in.flag()) in.skip(4);
  }
}

void skip_tools(Bits &in) {
  in.skip(4);  // interintra, masked, warped, dual filter
  const bool has_order = in.flag();
  if (has_order) in.skip(2);
  const unsigned screen = in.flag() ? selected : in.take(1);
  if (screen > 0 && !in.flag()) in.skip(1);
  if (has_order) in.skip(3);
}

void read_colors(Bits &in, Sequence &out) {
  constexpr unsigned bt709 = 1, srgb = 13, identity = 0;
  const bool is_deep = in.flag();
  const bool is_twelve = out.profile == 2 && is_deep && in.flag();
  out.bits = is_twelve ? 12 : is_deep ? 10 : 8;
  out.is_grey = out.profile != 1 && in.flag();
  bool is_srgb = false;
  if (in.flag()) {
    const unsigned primaries = in.take(8), transfer = in.take(8), matrix = in.take(8);
    is_srgb = primaries == bt709 && transfer == srgb && matrix == identity;
  }
  if (out.is_grey) return;
  if (is_srgb) {
    out.chroma_x = out.chroma_y = 0;
    return;
  }
  in.skip(1);  // color_range
  if (out.profile == 1) out.chroma_x = out.chroma_y = 0;
  if (out.profile == 2 && !is_twelve) out.chroma_y = 0;
  if (out.profile == 2 && is_twelve) {
    out.chroma_x = in.take(1);
    out.chroma_y = out.chroma_x == 1 ? in.take(1) : 0;
  }
  if (out.chroma_x == 1 && out.chroma_y == 1) out.chroma_position = in.take(2);
}

}  // namespace

unsigned Sequence::chroma_format() const {
  if (is_grey) return 0;
  return chroma_x == 0 ? 3 : chroma_y == 0 ? 2 : 1;
}

Bytes find_sequence(Bytes temporal_unit) {
  while (const auto obu = first_obu(temporal_unit)) {
    const std::size_t whole = obu->head + obu->size;
    if (obu->type == sequence_header) return temporal_unit.first(whole);
    temporal_unit = temporal_unit.subspan(whole);
  }
  return {};
}

std::optional<Sequence> read_sequence(Bytes bytes) {
  const auto obu = first_obu(bytes);
  if (!obu || obu->type != sequence_header) return std::nullopt;
  Bits in(bytes.subspan(obu->head, obu->size));
  Sequence out;
  out.profile = in.take(3);
  in.skip(1);  // still_picture
  const bool is_reduced = in.flag();
  if (is_reduced)
    out.level = in.take(5);
  else
    read_points(in, out);
  const unsigned width_bits = in.take(4) + 1, height_bits = in.take(4) + 1;
  out.width = in.take(width_bits) + 1;
  out.height = in.take(height_bits) + 1;
  if (!is_reduced && in.flag()) in.skip(4 + 3);  // the lengths of frame ids
  in.skip(3);                                    // 128x128, filter intra, intra edge
  if (!is_reduced) skip_tools(in);
  in.skip(3);  // superres, cdef, restoration
  read_colors(in, out);
  if (in.is_over()) return std::nullopt;
  return out;
}

std::vector<std::uint8_t> write_record(Bytes obu) {
  const auto read = read_sequence(obu);
  if (!read) return {};
  std::vector<std::uint8_t> out{
      marker_and_version, static_cast<std::uint8_t>(read->profile << 5 | read->level),
      static_cast<std::uint8_t>(read->tier << 7 | (read->bits > 8) << 6 | (read->bits == 12) << 5 |
                                read->is_grey << 4 | read->chroma_x << 3 | read->chroma_y << 2 |
                                read->chroma_position),
      0};
  out.insert(out.end(), obu.begin(), obu.end());
  return out;
}

std::optional<Bytes> read_record(Bytes record) {
  if (record.size() < record_head || record[0] != marker_and_version) return std::nullopt;
  return find_sequence(record.subspan(record_head));
}

}  // namespace astral::formats::av1
