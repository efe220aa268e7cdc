// SPDX-License-Identifier: BSD-3-Clause
#include "formats/pictures.hpp"

#include <utility>

namespace astral::formats {

std::optional<Picture> Pictures::take(const Unit &unit, Time now) {
  Picture picture{.units = h264::units_after_start_codes(unit.data)};
  if (std::exchange(codec_, unit.codec) != unit.codec) {
    ++version_;
    has_begun_ = false;
    lost_.reset();
  }
  const bool is_hevc = codec_ == Codec::h265;
  if (is_hevc ? hevc_.learn(picture.units) : parameters_.learn(picture.units)) ++version_;
  picture.is_start = is_hevc ? h265::is_start(picture.units) && hevc_.are_known()
                             : h264::is_start(picture.units) && parameters_.are_known();
  if (unit.is_after_loss && has_begun_ && !lost_) lost_ = now;
  if (picture.is_start || (lost_ && now - *lost_ > longest_freeze)) lost_.reset();
  has_begun_ = has_begun_ || picture.is_start;
  if (lost_ || !has_begun_) return std::nullopt;
  return picture;
}

h264::Buffer Pictures::record() const {
  return codec_ == Codec::h265 ? hevc_.record() : parameters_.record();
}

}  // namespace astral::formats
