// SPDX-License-Identifier: BSD-3-Clause
// Random bytes of the kernel's.
#pragma once

#include <sys/random.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace astral {

// The assertion checks a promise of the kernel's, getrandom(2): so few bytes always come, and all of them, and
// it takes no descriptor that strangers could have used up. **Why** not std::random_device: that may open a
// file, and throws.
template <std::size_t size>
std::array<std::uint8_t, size> random_bytes() {
  static_assert(size <= 256);
  std::array<std::uint8_t, size> bytes{};
  ssize_t got = 0;
  do {
    got = getrandom(bytes.data(), size, 0);
  } while (got < 0 && errno == EINTR);  // by a signal, while the machine starts
  assert(got == static_cast<ssize_t>(size));
  return bytes;
}

}  // namespace astral
