// SPDX-License-Identifier: BSD-3-Clause
// Reads the bits of a codec's headers within bounds. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "glue/bytes.hpp"

namespace astral::formats {

// Reads bits. Past the end it reads zeros, and ok() is false.
class Bits {
 public:
  explicit Bits(Bytes bytes) : bytes_(bytes) {}

  unsigned take(unsigned count) {
    unsigned value = 0;
    for (; count > 0; --count) value = value << 1 | next();
    return value;
  }
  bool flag() { return next() != 0; }
  void skip(std::size_t count) { at_ += count; }
  unsigned exponential() {  // ue(v)
    unsigned zeros = 0;
    while (zeros < 32 && !is_over() && next() == 0) ++zeros;
    if (zeros == 0 || zeros >= 32) return 0;
    return (1u << zeros) - 1 + take(zeros);
  }
  int signed_exponential() {  // se(v)
    const unsigned code = exponential();
    return code % 2 == 0 ? -static_cast<int>(code / 2) : static_cast<int>(code / 2 + 1);
  }
  bool is_over() const { return at_ > bytes_.size() * 8; }

 private:
  unsigned next() {
    const std::size_t at = at_++;
    return at < bytes_.size() * 8 ? bytes_[at / 8] >> (7 - at % 8) & 1u : 0;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace astral::formats
