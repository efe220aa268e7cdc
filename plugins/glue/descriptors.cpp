// SPDX-License-Identifier: BSD-3-Clause
#include "glue/descriptors.hpp"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace astral {
namespace {

constexpr rlim_t most_kept = 256;

}  // namespace

bool is_one_of_the_last(int fd) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  return static_cast<rlim_t>(fd) >= limit.rlim_cur - std::min(limit.rlim_cur / 4, most_kept);
}

bool only_the_last_are_free() {
  const int next = ::eventfd(0, EFD_CLOEXEC);  // the cheapest one
  if (next < 0) return true;
  ::close(next);
  return is_one_of_the_last(next);
}

}  // namespace astral
