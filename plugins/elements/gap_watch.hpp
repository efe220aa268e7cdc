// SPDX-License-Identifier: BSD-3-Clause
// Decides when to request missing objects from parents in standby. Pure.
#pragma once

#include "glue/time.hpp"
#include "track/store.hpp"

namespace astral::elements {

class GapWatch {
 public:
  static constexpr Time patience = 300ms;  // without progress; streams and fetches overtake each other
  static constexpr Time again = 500ms;

  // `gap`: the first missing objects. `given_up`: an active parent does not have them. True: request them
  // now.
  bool ask(const std::optional<track::Span> &gap, bool given_up, Time now);
  // When to call ask() again even if nothing has changed; `never` otherwise.
  Time deadline() const { return deadline_; }

 private:
  track::Location first_;
  Time deadline_ = never;
};

}  // namespace astral::elements
