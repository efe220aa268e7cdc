// SPDX-License-Identifier: BSD-3-Clause
// The bit rate that the publishers of tests announce, and what a line carries for it.
#pragma once

#include <cstdint>

#include "core/upstream_budget.hpp"

namespace astral::core {

inline constexpr std::uint64_t stream_kbps = 533;
inline constexpr std::uint64_t stream_cost_bps = UpstreamBudget::wire_bps(stream_kbps * 1000);
static_assert(stream_cost_bps > 599'000 && stream_cost_bps <= 600'000);  // tests count with 600 kbit/s

}  // namespace astral::core
