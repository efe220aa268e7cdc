// SPDX-License-Identifier: BSD-3-Clause
// Reads and writes big-endian numbers within bounds.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"

namespace astral::rtmp {

using Buffer = std::vector<std::uint8_t>;

// After a read past the end all reads return zero and ok() is false: read all fields, then check once.
class Reader {
 public:
  explicit Reader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return rest_.empty(); }
  Bytes rest() const { return rest_; }

  Bytes take(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  double real() { return std::bit_cast<double>(number(8)); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

inline void put(Buffer &out, Bytes bytes) {
  // **Why** not insert() at the end: g++ 14 warns of an overflow.
  const std::size_t before = out.size();
  out.resize(before + bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(before));
}
inline void put(Buffer &out, std::uint64_t value, std::size_t size) {
  while (size > 0) out.push_back(static_cast<std::uint8_t>(value >> 8 * --size));
}
inline void put_real(Buffer &out, double value) {
  put(out, std::bit_cast<std::uint64_t>(value), 8);
}

// A slice that owns the buffer.
inline Slice shared(Buffer &&buffer) {
  if (buffer.empty()) return {};
  auto owner = std::make_shared<const Buffer>(std::move(buffer));
  const Bytes view(*owner);
  return {std::move(owner), view};
}

}  // namespace astral::rtmp
