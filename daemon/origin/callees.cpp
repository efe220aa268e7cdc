// SPDX-License-Identifier: BSD-3-Clause
#include "origin/callees.hpp"

#include <algorithm>

#include "origin/address.hpp"

namespace astral::origin {

void Callees::met(const std::string &address) {
  const auto parsed = Address::parse(address);
  if (parsed && parsed->is_local() && local_.size() < max_local) local_.insert(address);
}

bool Callees::may_call(const std::string &host, Time now) {
  const auto address = Address::parse(host);
  if (!address || !address->is_one_host()) return false;
  if (address->is_local() && !local_.contains(host)) return false;
  constexpr Time one = Time{1s} / per_second;
  const Time full_at = std::max(full_at_, now) + one;
  if (full_at - now > one * burst) return false;
  full_at_ = full_at;
  return true;
}

}  // namespace astral::origin
