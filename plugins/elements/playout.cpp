// SPDX-License-Identifier: BSD-3-Clause
#include "elements/playout.hpp"

#include <algorithm>
#include <cstdlib>

namespace astral::elements {

std::int64_t Playout::map(std::int64_t pts, std::int64_t arrival) {
  // A hostile pts may be anything: differences wrap instead of overflowing.
  const auto way =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(arrival) - static_cast<std::uint64_t>(pts));
  const auto off =
      offset_
          ? static_cast<std::int64_t>(static_cast<std::uint64_t>(way) - static_cast<std::uint64_t>(*offset_))
          : 0;
  restarted_ = offset_ && (off > max_distance || off < -max_distance);
  if (!offset_ || restarted_) {
    offset_ = way;
    window_start_ = arrival;
    shortest_ = way;
  }
  shortest_ = std::min(shortest_, way);
  if (arrival - window_start_ >= window) {
    *offset_ += std::clamp(shortest_ - *offset_, -max_step, max_step);
    window_start_ = arrival;
    shortest_ = way;
  }
  const auto mapped =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(pts) + static_cast<std::uint64_t>(*offset_));
  return std::max<std::int64_t>(mapped, 0);
}

}  // namespace astral::elements
