// SPDX-License-Identifier: BSD-3-Clause
// How long the searches of a stream pause before they begin: what was needed gets a time, and a failure makes
// the next pause longer. Random in part, so that nodes which lost the same parent do not search in the same
// moment.
#pragma once

#include "core/rng.hpp"
#include "core/streams/plan.hpp"

namespace astral::core {

// After a search, or a link, for this purpose has failed.
void lengthen_pause(StreamState &stream, Purpose purpose, const Circumstances &at, const Timeouts &times,
                    Rng &rng);
// Gives a time to each search that the plan needs and takes it from the others. True: something changed.
bool note_pauses(StreamState &stream, const Plan &plan, Time now, Rng &rng);

}  // namespace astral::core
