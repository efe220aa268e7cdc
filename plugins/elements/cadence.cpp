// SPDX-License-Identifier: BSD-3-Clause
#include "elements/cadence.hpp"

#include <algorithm>
#include <utility>

namespace astral::elements {

void Cadence::arrived(Time now) {
  const std::int64_t current = now / slot;
  if (first_ == never) {
    first_ = last_ = now;
    slot_ = current;
  }
  constexpr auto all = static_cast<std::int64_t>(slots);
  for (std::int64_t empty = std::max(slot_ + 1, current - all + 1); empty <= current; ++empty)
    slots_[static_cast<std::size_t>(empty) % slots] = {};
  slot_ = current;
  Slot &here = slots_[static_cast<std::size_t>(current) % slots];
  if (std::exchange(reported_, false)) {
    here.silence = std::max(here.silence, now - last_);
    ++here.silences;
  } else {
    here.pause = std::max(here.pause, now - last_);
  }
  last_ = now;
  deadline_ = now + (now - first_ >= warmup ? threshold() : std::max(threshold(), warmup));
}

Time Cadence::threshold() const {
  Slot all;
  for (const Slot &each : slots_) {
    all.pause = std::max(all.pause, each.pause);
    all.silence = std::max(all.silence, each.silence);
    all.silences += each.silences;
  }
  const Time pause = all.silences >= many ? std::max(all.pause, all.silence) : all.pause;
  return std::clamp(pause + pause / 2 + margin, shortest, longest);
}

bool Cadence::silent(Time now) {
  if (now < deadline_) return false;
  deadline_ = now + std::min(now - last_, longest);
  return reported_ = true;
}

}  // namespace astral::elements
