// SPDX-License-Identifier: BSD-3-Clause
#include "media/overlap.hpp"

namespace astral::media {

bool Overlap::caught_up(Place object, std::optional<Place> need, Time now) {
  if (!began_) began_ = now;
  if (!need || object >= *need || now - *began_ >= patience) return true;
  needs_.push_back({now, *need});
  while (needs_.size() > 1 && now - needs_[1].at >= near) needs_.pop_front();
  return now - needs_.front().at >= near && object >= needs_.front().place;
}

}  // namespace astral::media
