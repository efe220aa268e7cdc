// SPDX-License-Identifier: BSD-3-Clause
#include "elements/lack_watch.hpp"

#include <algorithm>

namespace astral::elements {

bool LackWatch::filled(const track::Location &at, Time now) {
  if (!gap_ || at < gap_->first || !(at < gap_->end)) return false;
  gap_.reset();
  const std::optional<Time> first = before_.back();
  std::rotate(before_.begin(), before_.end() - 1, before_.end());
  before_.front() = now;
  if (!first || now - *first > period) return false;
  before_ = {};
  return true;
}

}  // namespace astral::elements
