// SPDX-License-Identifier: BSD-3-Clause
#include "formats/groups.hpp"

#include <algorithm>
#include <cmath>

#include "formats/facts.hpp"

namespace astral::formats {

void Groups::take(bool is_key, std::int64_t decoded, std::int64_t shown) {
  if (is_key) {
    if (key_ && decoded > *key_ && decoded - *key_ < longest_group) {
      group_.length = decoded - *key_;
      groups_.push_back(group_);
      if (groups_.size() > most) groups_.pop_front();
    }
    key_ = decoded;
    group_ = {};
    latest_shown_ = shown;
  }
  if (latest_shown_ && shown < *latest_shown_) group_.has_b_frames = true;
  latest_shown_ = std::max(latest_shown_.value_or(shown), shown);
  if (key_) group_.length = decoded - *key_;
}

void Groups::skip() {
  key_.reset();
  latest_shown_.reset();
  group_ = {};
}

double Groups::longest_seconds() const {
  double longest = 0;
  for (const Group &group : groups_)
    longest = std::max(longest, std::round(static_cast<double>(group.length * 10) / second) / 10);
  const auto so_far = static_cast<double>(group_.length / second);
  if (so_far > good_keyframe_seconds && group_.length < longest_group) longest = std::max(longest, so_far);
  return longest;
}

bool Groups::has_b_frames() const {
  return group_.has_b_frames ||
         std::any_of(groups_.begin(), groups_.end(), [](const Group &group) { return group.has_b_frames; });
}

}  // namespace astral::formats
