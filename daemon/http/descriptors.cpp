// SPDX-License-Identifier: BSD-3-Clause
#include "http/descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace astral::http {
namespace {

constexpr rlim_t most_kept = 256;

}  // namespace

bool is_one_of_the_last(int fd) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  return static_cast<rlim_t>(fd) >= limit.rlim_cur - std::min(limit.rlim_cur / 4, most_kept);
}

}  // namespace astral::http
