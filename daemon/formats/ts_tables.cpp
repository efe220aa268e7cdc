// SPDX-License-Identifier: BSD-3-Clause
#include "formats/ts_tables.hpp"

#include <algorithm>
#include <cstddef>

namespace astral::formats {
namespace {

constexpr std::uint8_t association_table = 0, map_table = 2;
constexpr std::size_t checksum_size = 4;
constexpr std::size_t programs_begin = 8, map_head = 12;

std::uint16_t pid_at(Bytes section, std::size_t at) {
  return static_cast<std::uint16_t>((section[at] & 0x1f) << 8 | section[at + 1]);
}

std::size_t length_at(Bytes section, std::size_t at) {
  return (section[at] & 0x0fu) << 8 | section[at + 1];
}

// Without its checksum; empty: none that is whole.
Bytes section_of(Bytes payload) {
  const std::size_t begin = payload.empty() ? 0 : std::size_t{1} + payload[0];
  if (begin + 3 > payload.size()) return {};
  const Bytes rest = payload.subspan(begin);
  const std::size_t length = 3 + length_at(rest, 1);
  if (length > rest.size() || length < map_head + checksum_size) return {};
  return rest.first(length - checksum_size);
}

}  // namespace

bool TsTables::read(std::uint16_t pid, Bytes payload) {
  const Bytes section = section_of(payload);
  if (section.empty()) return false;
  if (pid == 0 && section[0] == association_table) {
    for (std::size_t at = programs_begin; at + 4 <= section.size(); at += 4)
      if (section[at] != 0 || section[at + 1] != 0) {  // program 0 is the network's table
        map_pid_ = pid_at(section, at + 2);
        break;
      }
    return false;
  }
  if (pid != map_pid_ || section[0] != map_table) return false;
  tracks_.clear();
  for (std::size_t at = map_head + length_at(section, 10); at + 5 <= section.size();) {
    const std::size_t more = std::min(length_at(section, at + 3), section.size() - at - 5);
    tracks_.push_back({section[at], pid_at(section, at + 1), section.subspan(at + 5, more)});
    at += 5 + more;
  }
  return true;
}

}  // namespace astral::formats
