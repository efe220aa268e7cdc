// SPDX-License-Identifier: BSD-3-Clause
// The form of every STUN message: a header, and attributes of a type, a length and a value (RFC 8489, 5 and
// 14), and that of an error code. Knows no method.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "stun/message.hpp"

namespace astral::stun {

inline constexpr std::uint16_t error_code = 0x0009;

inline std::uint16_t code_of(Bytes error_value) {  // of 4 bytes or more
  return static_cast<std::uint16_t>((error_value[2] & 7) * 100 + error_value[3]);
}

inline std::uint16_t number(Bytes from) {
  return static_cast<std::uint16_t>(from[0] << 8 | from[1]);
}

inline void put(std::vector<std::uint8_t> &to, std::uint16_t value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value & 0xff));
}

inline std::vector<std::uint8_t> begin(std::uint16_t type, const TransactionId &id) {
  std::vector<std::uint8_t> message;
  put(message, type);
  put(message, 0);
  message.insert(message.end(), id.begin(), id.end());
  return message;
}

inline void set_length(std::vector<std::uint8_t> &message, std::size_t length) {
  message[2] = static_cast<std::uint8_t>(length >> 8);
  message[3] = static_cast<std::uint8_t>(length & 0xff);
}

inline void add(std::vector<std::uint8_t> &message, std::uint16_t type, Bytes value) {
  put(message, type);
  put(message, static_cast<std::uint16_t>(value.size()));
  std::copy(value.begin(), value.end(), std::back_inserter(message));  // g++ 14 warns wrongly of insert()
  message.resize((message.size() + 3) / 4 * 4);
  set_length(message, message.size() - header_size);
}

// Calls `take` with the type and the value of each attribute after the header. False: the last one is cut
// off.
template <typename Take>
bool read_attributes(Bytes message, const Take &take) {
  for (Bytes rest = message.subspan(header_size); !rest.empty();) {
    if (rest.size() < 4) return false;
    const std::uint16_t type = number(rest);
    const std::size_t size = number(rest.subspan(2));
    const std::size_t padded = (size + 3) / 4 * 4;
    if (rest.size() < 4 + padded) return false;
    take(type, rest.subspan(4, size));
    rest = rest.subspan(4 + padded);
  }
  return true;
}

}  // namespace astral::stun
