// SPDX-License-Identifier: BSD-3-Clause
#include "moqt/id_set.hpp"

#include <iterator>

namespace astral::moqt {

bool IdSet::contains(std::uint64_t id) const {
  auto after = ranges_.upper_bound(id);
  return after != ranges_.begin() && std::prev(after)->second >= id;
}

bool IdSet::insert(std::uint64_t id) {
  if (contains(id)) return false;
  auto after = ranges_.upper_bound(id);
  auto range = after;
  if (after != ranges_.begin() && std::prev(after)->second + 1 == id) {
    range = std::prev(after);
    range->second = id;
  } else {
    range = ranges_.emplace_hint(after, id, id);
  }
  if (after != ranges_.end() && after->first - 1 == id) {
    range->second = after->second;
    ranges_.erase(after);
  }
  if (ranges_.size() > max_ranges) {
    const auto second = std::next(ranges_.begin());
    ranges_.begin()->second = second->second;
    ranges_.erase(second);
  }
  return true;
}

}  // namespace astral::moqt
