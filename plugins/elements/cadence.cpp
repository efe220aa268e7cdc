// SPDX-License-Identifier: BSD-3-Clause
#include "elements/cadence.hpp"

#include <algorithm>

namespace astral::elements {

void Cadence::arrived(Time now) {
  if (first_ == never) {
    first_ = last_ = now;
    slot_ = now / slot;
  }
  const Time known = threshold();
  const std::int64_t current = now / slot;
  for (std::int64_t empty = std::max(slot_ + 1, current - static_cast<std::int64_t>(slots) + 1);
       empty <= current; ++empty)
    pauses_[static_cast<std::size_t>(empty) % slots] = {};
  slot_ = current;
  Time &pause = pauses_[static_cast<std::size_t>(current) % slots];
  pause = std::max(pause, std::min(now - last_, told_ ? known : longest));
  told_ = false;
  last_ = now;
  if (now - first_ >= warmup) deadline_ = now + threshold();
}

Time Cadence::threshold() const {
  const Time pause = *std::max_element(pauses_.begin(), pauses_.end());
  return std::clamp(pause + pause / 2 + margin, shortest, longest);
}

bool Cadence::silent(Time now) {
  if (now < deadline_) return false;
  deadline_ = now + std::min(now - last_, longest);
  return told_ = true;
}

}  // namespace astral::elements
