// SPDX-License-Identifier: BSD-3-Clause
// What a node knows of itself: its settings, what it is, and what time it is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/settings.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

struct ThisNode {
  explicit ThisNode(Settings given) : settings(std::move(given)) {}

  Settings settings;     // its `self` is what we tell others of us
  Time now = {};         // of the step that runs
  bool leaving = false;  // Shutdown was asked for; the children have a little time to move

  const Uuid &self() const { return settings.self.uuid; }
  bool supernode() const { return settings.self.supernode; }
  std::int64_t unix_ms(Time time) const { return settings.unix_ms_at_zero + time / 1ms; }
  std::int64_t unix_ms() const { return unix_ms(now); }
  // The version of the next news of ours, after `version`. Every change has a higher one, also after a
  // restart. A version far ahead of our clock does not count: it comes from a clock that has been set since,
  // and no node with a good clock believed it.
  std::uint64_t next_version(std::uint64_t version) const {
    const auto present = static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms()));
    const auto far = static_cast<std::uint64_t>(2 * max_ahead / 1ms);
    return version > present && version - present > far ? present : std::max(version + 1, present);
  }
};

}  // namespace astral::core
