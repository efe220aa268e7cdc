// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/pauses.hpp"

#include <algorithm>

namespace astral::core {
namespace {

constexpr std::uint32_t quick_leavings =
    8;  // tries without a growing pause: the parent may ask us to leave at any time

}  // namespace

void lengthen_pause(StreamState &stream, Purpose purpose, const Circumstances &at, const Timeouts &times,
                    Rng &rng) {
  Pause &pause = stream.pause(purpose);
  switch (purpose) {
    case Purpose::parent: {
      if (stream.own ? !at.publisher_here : !at.wanted) return;
      const bool hurry = stream.lost && at.now - *stream.lost < times.hurry;
      const Time last = hurry ? times.last_hurry : times.last_retry;
      pause.length = std::clamp(pause.length * 2, times.first_retry, last);
      pause.until = at.now + rng.jittered(pause.length);
      return;
    }
    case Purpose::away: {
      // Nodes that had to move at once refused each other; the jitter makes them ask at different times.
      Time after = times.leave_again;
      for (std::uint32_t i = quick_leavings; i < pause.tries && after < times.last_retry; ++i)
        after = std::min(after * 2, times.last_retry);
      pause.until = at.now + rng.jittered(after);
      return;
    }
    case Purpose::standby:
      pause.length = std::clamp(pause.length * 2, times.standby_again, times.last_standby);
      // The parent has brought nothing yet, so it is no standby that is searched for.
      if (stream.hungry && at.now - *stream.hungry < times.hurry) pause.length = times.first_retry;
      pause.until.reset();
      return;
    case Purpose::renewal:  // begin_search() has set its next time
      return;
    case Purpose::better:
      pause.until.reset();
      return;
  }
}

bool note_pauses(StreamState &stream, const Plan &plan, Time now, Rng &rng) {
  bool noted = false;
  for (const Purpose purpose :
       {Purpose::parent, Purpose::away, Purpose::better, Purpose::renewal, Purpose::standby}) {
    const auto &need = plan.needs[static_cast<std::size_t>(purpose)];
    std::optional<Time> &until = stream.pause(purpose).until;
    if (need.has_value() == until.has_value()) continue;
    if (!need)
      until.reset();
    else
      until = *need == Time{} ? now : now + rng.jittered(*need);
    noted = true;
  }
  return noted;
}

}  // namespace astral::core
