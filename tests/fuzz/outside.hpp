// SPDX-License-Identifier: BSD-3-Clause
// What a program asks of the machine, answered by the test instead: the time, random bytes, and who is at
// the other end of a connection. So a whole node runs in virtual time, the same way each time, and reaches
// nobody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glue/time.hpp"

namespace astral::fuzz {

// Everything as it was at the start: for a new input.
void reset_outside();

void pass(Time time);

// What the program has connected to since it was asked last. `fd` is the other side, and now the caller's.
struct Dialled {
  int fd;
  std::uint16_t port;
};
std::vector<Dialled> take_dialled();

// Two ends of a connection, both without waiting.
struct Pair {
  int ours, theirs;
};
Pair make_pair();

}  // namespace astral::fuzz
