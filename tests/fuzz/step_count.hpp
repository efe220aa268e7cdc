// SPDX-License-Identifier: BSD-3-Clause
// Counts the steps of a target over all its runs, in the file that ASTRAL_FUZZ_COUNT names: each run adds to
// the number there. Without that variable nothing is counted.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>

namespace astral::fuzz {

class StepCount {
 public:
  StepCount() {
    if (path_ != nullptr) std::ifstream(path_) >> total_;
  }
  ~StepCount() { write(); }
  void add(std::uint64_t steps) {
    total_ += steps;
    unwritten_ += steps;
    if (unwritten_ >= often) write();  // so that a run that crashes is counted too
  }

 private:
  static constexpr std::uint64_t often = 100'000;
  void write() {
    if (path_ != nullptr) std::ofstream(path_) << total_ << '\n';
    unwritten_ = 0;
  }

  const char *path_ = std::getenv("ASTRAL_FUZZ_COUNT");
  std::uint64_t total_ = 0;
  std::uint64_t unwritten_ = 0;
};

inline void count_steps(std::uint64_t steps) {
  static StepCount all;
  all.add(steps);
}

}  // namespace astral::fuzz
