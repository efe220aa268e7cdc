// SPDX-License-Identifier: BSD-3-Clause
// Seeded random numbers (splitmix64). The state is eight bytes, because a simulator holds thousands of nodes.
// Not for keys.
#pragma once

#include <cstdint>
#include <string>

#include "glue/time.hpp"

namespace astral::core {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  // Between three and five quarters of `time`, so that many nodes that lost the same parent do not ask at
  // once.
  Time jittered(Time time) {
    const auto span = static_cast<std::uint64_t>(time.count()) / 2;
    return time - time / 4 + Time{static_cast<Time::rep>(below(span + 1))};
  }
  std::string hex(std::size_t digits) {
    std::string text;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i % 16 == 0) bits = next();
      text += "0123456789abcdef"[bits & 15];
      bits >>= 4;
    }
    return text;
  }

 private:
  std::uint64_t state_;
};

}  // namespace astral::core
