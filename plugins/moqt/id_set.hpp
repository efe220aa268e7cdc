// SPDX-License-Identifier: BSD-3-Clause
// The set of ids that a peer has used: request ids and stream numbers. They arrive in any order, with few
// gaps, for as long as the session lives. The set stores ranges, so its size grows with the number of gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace astral::moqt {

class IdSet {
 public:
  // Reordering cannot cause more gaps than this. Above it, the ids in the oldest gap count as used.
  static constexpr std::size_t max_ranges = 256;

  bool insert(std::uint64_t id);  // false: the set has it already
  bool contains(std::uint64_t id) const;
  bool empty() const { return ranges_.empty(); }
  std::uint64_t largest() const { return ranges_.rbegin()->second; }  // precondition: not empty
  std::size_t ranges() const { return ranges_.size(); }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first → last, inclusive; ranges never touch
};

}  // namespace astral::moqt
