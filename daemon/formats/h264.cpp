// SPDX-License-Identifier: BSD-3-Clause
#include "formats/h264.hpp"

#include <algorithm>

namespace astral::formats::h264 {

namespace {

constexpr std::size_t longest_set = 4096;             // bytes; real ones have less than 100
constexpr std::size_t most_sps = 31, most_pps = 255;  // that a record can name
constexpr unsigned recovery_point = 6;                // payloadType
constexpr std::size_t sps_head = 4;                   // nal_unit_header, profile, constraints, level

// ue(v) at bit `at` of `bytes`. None: it is cut short or has more than `most_zeros` leading zeros.
std::optional<unsigned> read_number(Bytes bytes, std::size_t &at, unsigned most_zeros) {
  const auto bit = [&] {
    const unsigned value = at < bytes.size() * 8 ? bytes[at / 8] >> (7 - at % 8) & 1u : 0;
    ++at;
    return value;
  };
  unsigned zeros = 0;
  while (bit() == 0)
    if (++zeros > most_zeros) return std::nullopt;
  unsigned value = 1;
  for (unsigned i = 0; i < zeros; ++i) value = value << 1 | bit();
  if (at > bytes.size() * 8) return std::nullopt;
  return value - 1;
}

std::optional<unsigned> leading_id(Bytes bytes) {
  std::size_t at = 0;
  return read_number(bytes, at, 8);
}

}  // namespace

Nal type_of(Bytes unit) {
  return static_cast<Nal>(unit[0] & 0x1f);
}

std::vector<Bytes> units_after_start_codes(Bytes picture) {
  std::vector<Bytes> units;
  std::optional<std::size_t> begin;
  const auto end_at = [&](std::size_t end) {
    if (!begin) return;
    while (end > *begin && picture[end - 1] == 0) --end;  // trailing_zero_8bits
    if (end > *begin) units.push_back(picture.subspan(*begin, end - *begin));
  };
  for (std::size_t at = 0; at + 3 <= picture.size();) {
    if (picture[at + 2] > 1) {
      at += 3;
    } else if (picture[at] == 0 && picture[at + 1] == 0 && picture[at + 2] == 1) {
      end_at(at);
      begin = at += 3;
    } else {
      ++at;
    }
  }
  end_at(picture.size());
  return units;
}

std::optional<std::vector<Bytes>> units_after_lengths(Bytes picture, unsigned length_size) {
  std::vector<Bytes> units;
  while (!picture.empty()) {
    if (picture.size() < length_size) return std::nullopt;
    std::size_t length = 0;
    for (const std::uint8_t byte : picture.first(length_size)) length = length << 8 | byte;
    picture = picture.subspan(length_size);
    if (length > picture.size()) return std::nullopt;
    if (length > 0) units.push_back(picture.first(length));
    picture = picture.subspan(length);
  }
  return units;
}

bool is_recovery_point(Bytes unit) {
  std::size_t at = 1;
  while (at + 2 <= unit.size() && unit[at] != 0x80) {
    std::size_t type = 0, size = 0;
    for (std::size_t *value : {&type, &size}) {
      while (at < unit.size() && unit[at] == 0xff) {
        *value += 0xff;
        ++at;
      }
      if (at >= unit.size()) return false;
      *value += unit[at++];
    }
    if (type == recovery_point) return true;
    at += size;
  }
  return false;
}

bool is_start(const std::vector<Bytes> &units) {
  return std::any_of(units.begin(), units.end(), [](Bytes unit) {
    return type_of(unit) == Nal::key || (type_of(unit) == Nal::sei && is_recovery_point(unit));
  });
}

bool is_intra(const std::vector<Bytes> &units) {
  constexpr unsigned i_slice = 2, si_slice = 4, kinds = 5;
  bool has_slice = false;
  for (const Bytes unit : units) {
    if (type_of(unit) != Nal::slice) continue;
    std::size_t at = 8;
    const auto first_macroblock = read_number(unit, at, 16);
    const auto type = read_number(unit, at, 4);
    if (!first_macroblock || !type || (*type % kinds != i_slice && *type % kinds != si_slice)) return false;
    has_slice = true;
  }
  return has_slice;
}

bool Parameters::learn(Bytes unit) {
  const Nal type = type_of(unit);
  if ((type != Nal::sps && type != Nal::pps) || unit.size() > longest_set) return false;
  const std::size_t head = type == Nal::sps ? sps_head : 1;
  if (unit.size() <= head) return false;
  const auto id = leading_id(unit.subspan(head));
  if (!id || *id >= (type == Nal::sps ? most_sps : most_pps)) return false;
  Buffer &known = (type == Nal::sps ? sps_ : pps_)[*id];
  if (std::equal(known.begin(), known.end(), unit.begin(), unit.end())) return false;
  known.assign(unit.begin(), unit.end());
  return true;
}

bool Parameters::learn(const std::vector<Bytes> &units) {
  bool is_new = false;
  for (const Bytes unit : units) is_new = learn(unit) || is_new;
  return is_new;
}

std::optional<unsigned> Parameters::read_record(Bytes record) {
  constexpr std::size_t head = 5;
  if (record.size() < head + 1 || record[0] != 1) return std::nullopt;
  Parameters read;
  std::size_t at = head;
  for (const unsigned mask : {0x1fu, 0xffu}) {
    if (at >= record.size()) return std::nullopt;
    for (unsigned left = record[at++] & mask; left > 0; --left) {
      if (at + 2 > record.size()) return std::nullopt;
      const std::size_t length = std::size_t{record[at]} << 8 | record[at + 1];
      at += 2;
      if (length == 0 || at + length > record.size()) return std::nullopt;
      read.learn(record.subspan(at, length));
      at += length;
    }
  }
  if (!read.are_known()) return std::nullopt;
  *this = std::move(read);
  return (record[4] & 3u) + 1;
}

Buffer Parameters::record() const {
  const Buffer &first = sps_.begin()->second;
  Buffer out{1, first[1], first[2], first[3], 0xff};
  const auto put = [&](const std::map<unsigned, Buffer> &sets, std::uint8_t mark) {
    out.push_back(static_cast<std::uint8_t>(mark | sets.size()));
    for (const auto &[id, set] : sets) {
      out.push_back(static_cast<std::uint8_t>(set.size() >> 8));
      out.push_back(static_cast<std::uint8_t>(set.size()));
      out.insert(out.end(), set.begin(), set.end());
    }
  };
  put(sps_, 0xe0);
  put(pps_, 0);
  return out;
}

std::vector<Bytes> Parameters::units() const {
  std::vector<Bytes> units;
  for (const auto &[id, set] : sps_) units.emplace_back(set);
  for (const auto &[id, set] : pps_) units.emplace_back(set);
  return units;
}

void put_after_start_code(Buffer &out, Bytes unit) {
  constexpr std::uint8_t code[] = {0, 0, 0, 1};
  out.insert(out.end(), std::begin(code), std::end(code));
  out.insert(out.end(), unit.begin(), unit.end());
}

void put_after_length(Buffer &out, Bytes unit) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(unit.size() >> shift));
  out.insert(out.end(), unit.begin(), unit.end());
}

Buffer with_lengths(const std::vector<Bytes> &units) {
  Buffer out;
  for (const Bytes unit : units) {
    const Nal type = type_of(unit);
    if (type == Nal::sps || type == Nal::pps || type == Nal::delimiter || type == Nal::filler) continue;
    put_after_length(out, unit);
  }
  return out;
}

}  // namespace astral::formats::h264
