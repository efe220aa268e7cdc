// SPDX-License-Identifier: BSD-3-Clause
#include "formats/pictures.hpp"

#include <utility>

namespace astral::formats {

std::optional<Picture> Pictures::take(const Unit &unit, Time now) {
  Picture picture{.units = h264::units_after_start_codes(unit.data)};
  if (parameters_.learn(picture.units)) ++version_;
  picture.is_start = h264::is_start(picture.units) && parameters_.are_known();
  if (unit.is_after_loss && has_begun_ && !lost_) lost_ = now;
  if (picture.is_start || (lost_ && now - *lost_ > longest_freeze)) lost_.reset();
  has_begun_ = has_begun_ || picture.is_start;
  if (lost_ || !has_begun_) return std::nullopt;
  return picture;
}

}  // namespace astral::formats
