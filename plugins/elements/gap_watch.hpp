// SPDX-License-Identifier: BSD-3-Clause
// From when on what the parents have not brought is asked of those that stand by. Pure.
#pragma once

#include "glue/time.hpp"
#include "track/store.hpp"

namespace astral::elements {

class GapWatch {
 public:
  static constexpr Time patience = 300ms;  // without progress: fetches and streams overtake each other
  static constexpr Time again = 500ms;

  // `gap`: what is missing now. `given_up`: by a parent, which has not got it. True: it is to be asked for.
  bool ask(const std::optional<track::Span> &gap, bool given_up, Time now);
  // When ask() may say so although nothing has changed; `never` otherwise.
  Time deadline() const { return deadline_; }

 private:
  track::Location first_;
  Time deadline_ = never;
};

}  // namespace astral::elements
