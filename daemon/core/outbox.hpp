// SPDX-License-Identifier: BSD-3-Clause
// What a step causes: effects for the driver, and events for the other parts of this node.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "core/effect.hpp"
#include "core/internal_event.hpp"

namespace astral::core {

struct Outbox {
  Effects *effects = nullptr;  // of the step that runs
  std::deque<InternalEvent> events = {};
  std::uint64_t next_id = first_own_id;  // of sessions and calls that this node opens

  void emit(Effect effect) { effects->push_back(std::move(effect)); }
  void post(InternalEvent event) { events.push_back(std::move(event)); }
  void announce(Change what, const std::string &key) { emit(Announce{.what = what, .key = key}); }
  void answer(CallId call, Expected<Answered> result) {
    if (call >= first_own_id)
      return post(OwnAnswer{
          .call = call, .done = result.has_value(), .message = result ? "" : result.error().detail});
    emit(Answer{.call = call, .result = std::move(result)});
  }
};

}  // namespace astral::core
