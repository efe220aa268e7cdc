// SPDX-License-Identifier: BSD-3-Clause
// Random bytes of the kernel.
#pragma once

#include <sys/random.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace astral {

// The assert checks what getrandom(2) promises: up to 256 bytes always come, and all of them. getrandom()
// needs no file descriptor, so it works even if peers have used up all of them. **Why** not
// std::random_device: it may open a file, and throws.
template <std::size_t size>
std::array<std::uint8_t, size> random_bytes() {
  static_assert(size <= 256);
  std::array<std::uint8_t, size> bytes{};
  ssize_t got = 0;
  do {
    got = getrandom(bytes.data(), size, 0);
  } while (got < 0 && errno == EINTR);  // interrupted by a signal while the machine starts
  assert(got == static_cast<ssize_t>(size));
  return bytes;
}

}  // namespace astral
