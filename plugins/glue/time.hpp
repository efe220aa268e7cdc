// SPDX-License-Identifier: BSD-3-Clause
// The one clock of Astral: monotonic nanoseconds since an arbitrary zero. Pure code gets the time as an
// argument; only drivers call now().
#pragma once

#include <chrono>

namespace astral {

using Time = std::chrono::nanoseconds;
using namespace std::chrono_literals;

inline constexpr Time never = Time::max();

inline Time now() {
  return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace astral
