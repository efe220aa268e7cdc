// SPDX-License-Identifier: BSD-3-Clause
// The source of a Babble's choices: a seeded random generator, or the bytes of a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/rng.hpp"

namespace astral::core {

class Choices {
 public:
  virtual ~Choices() = default;
  virtual std::uint64_t below(std::uint64_t bound) = 0;  // bound > 0
};

class Chances : public Choices {
 public:
  explicit Chances(std::uint64_t seed) : rng_(seed) {}
  std::uint64_t below(std::uint64_t bound) override { return rng_.below(bound); }

 private:
  Rng rng_;
};

// A choice takes as many bytes as its bound needs. When the bytes are used up, each choice is 0.
class ByteChoices : public Choices {
 public:
  ByteChoices(const std::uint8_t *data, std::size_t size) : data_(data), size_(size) {}
  bool done() const { return size_ == 0; }
  std::uint64_t below(std::uint64_t bound) override {
    std::uint64_t number = 0;
    for (std::uint64_t most = bound - 1; most > 0; most >>= 8) number = number << 8 | byte();
    return number % bound;
  }

 private:
  std::uint64_t byte() {
    if (done()) return 0;
    --size_;
    return *data_++;
  }

  const std::uint8_t *data_;
  std::size_t size_;
};

}  // namespace astral::core
