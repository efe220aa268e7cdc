// SPDX-License-Identifier: BSD-3-Clause
// Replaces what a program asks of the system: the time, random bytes and outgoing connections. So a whole
// node runs in virtual time, always in the same way, and connects to nothing outside the test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glue/time.hpp"

namespace astral::fuzz {

// Closes what was dialled and restarts the random bytes, for a new input. The clock goes on.
void reset_outside();

void pass(Time time);

// Connections that the program has opened since the last call. `fd` is the other end; the caller owns it.
struct Dialled {
  int fd;
  std::uint16_t port;
};
std::vector<Dialled> take_dialled();

// Both ends of a connection, non-blocking; the caller owns them.
struct Pair {
  int ours, theirs;
};
Pair make_pair();

}  // namespace astral::fuzz
