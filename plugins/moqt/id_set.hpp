// SPDX-License-Identifier: BSD-3-Clause
// Which ids of a peer were used already: request ids and stream numbers arrive in any order, nearly without
// gaps, for as long as the session lives. Held as ranges, so what it costs is the number of gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace astral::moqt {

class IdSet {
 public:
  // More gaps than this cannot come of reordering; the oldest then count as used.
  static constexpr std::size_t max_ranges = 256;

  bool insert(std::uint64_t id);  // false: it was in
  bool contains(std::uint64_t id) const;
  bool empty() const { return ranges_.empty(); }
  std::uint64_t largest() const { return ranges_.rbegin()->second; }  // of a set that is not empty
  std::size_t ranges() const { return ranges_.size(); }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first → last, inclusive, never touching
};

}  // namespace astral::moqt
