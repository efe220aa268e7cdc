// SPDX-License-Identifier: BSD-3-Clause
// Reads an input as a list of steps, piece by piece: bytes, numbers, texts. After its end, everything is 0 or
// empty.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "glue/bytes.hpp"

namespace astral::fuzz {

class Steps {
 public:
  explicit Steps(Bytes bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t first = rest_[0];
    rest_ = rest_.subspan(1);
    return first;
  }
  bool flag() { return (byte() & 1) != 0; }
  std::size_t below(std::size_t n) { return byte() % n; }
  Bytes bytes() {
    const std::size_t size = byte();
    const Bytes taken = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  std::string text() { return std::string(as_text(bytes())); }
  // A small number, or one at a limit that code may have.
  std::uint64_t number() {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    constexpr std::array<std::uint64_t, 12> limits{last,
                                                   last - 1,
                                                   std::uint64_t{1} << 63,
                                                   (std::uint64_t{1} << 63) - 1,
                                                   std::uint64_t{1} << 62,
                                                   (1ull << 62) - 1,
                                                   std::uint64_t{1} << 61,
                                                   (1ull << 61) - 1,
                                                   65'536,
                                                   65'537,
                                                   1024,
                                                   255};
    const std::uint8_t one = byte();
    return one < 256 - limits.size() ? one % 64 : limits[one - (256 - limits.size())];
  }

 private:
  Bytes rest_;
};

}  // namespace astral::fuzz
