// SPDX-License-Identifier: BSD-3-Clause
// The one time of Astral: monotonic, nanoseconds, from an arbitrary zero. Pure code is handed a Time; only
// drivers call now().
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
