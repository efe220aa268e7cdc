// SPDX-License-Identifier: BSD-3-Clause
#include "elements/gap_watch.hpp"

namespace astral::elements {

bool GapWatch::ask(const std::optional<track::Span> &gap, bool given_up, Time now) {
  if (!gap) {
    deadline_ = never;
    return false;
  }
  if (deadline_ == never || gap->first != first_) deadline_ = now + patience;
  first_ = gap->first;
  if (!given_up && now < deadline_) return false;
  deadline_ = now + again;
  return true;
}

}  // namespace astral::elements
