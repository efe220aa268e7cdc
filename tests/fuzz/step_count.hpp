// SPDX-License-Identifier: BSD-3-Clause
// How many steps a target has taken in all its runs: the number in the file that ASTRAL_FUZZ_COUNT names, which
// each run takes up where the last one ended. Without that variable nothing is counted.
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
    if (unwritten_ >= often) write();  // a run that crashes has counted too
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
