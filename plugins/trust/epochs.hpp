// SPDX-License-Identifier: BSD-3-Clause
// Decides whether an object belongs where it says: an epoch is one run of the publisher, its number is the
// run's first group. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace astral::trust {

// **Thread**: one. Only judges what the stream's key has signed.
class Epochs {
 public:
  // Groups of one run: 4 years at 30 groups a second. A run's first group is the time in milliseconds times
  // 1024, so no run comes this near to what a later run begins with.
  static constexpr std::uint64_t max_groups = std::uint64_t{1} << 32;

  enum class Verdict {
    good,
    replayed,  // the run had ended before that group: another run has begun
    jumped,    // the run cannot have that group
  };
  Verdict judge(std::uint64_t epoch, std::uint64_t group) {
    if (group < epoch || group - epoch >= max_groups) return Verdict::jumped;
    if (epoch < newest_ && group >= newest_) return Verdict::replayed;
    newest_ = std::max(newest_, epoch);
    return Verdict::good;
  }
  std::uint64_t newest() const { return newest_; }

 private:
  std::uint64_t newest_ = 0;
};

}  // namespace astral::trust
