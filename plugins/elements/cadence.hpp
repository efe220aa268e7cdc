// SPDX-License-Identifier: BSD-3-Clause
// Decides how long a parent may be silent before it counts as lost: the threshold follows the longest pause
// between objects in the last seconds. A wrong guess costs little. A reported silence does not count as a
// pause of the stream, unless there are many of them: then the stream has become slow.
#pragma once

#include <array>

#include "glue/time.hpp"

namespace astral::elements {

class Cadence {
 public:
  static constexpr Time slot = 1s;
  static constexpr std::size_t slots = 8;  // the longest pause is that of the last 8 slots
  static constexpr int many = 4;           // reported silences in these slots: the stream is slow
  static constexpr Time warmup = 500ms;    // minimum of the threshold for this time after the first object
  static constexpr Time shortest = 40ms;   // lower limit: a thread may not be scheduled for so long
  static constexpr Time longest = 5s;
  static constexpr Time margin = 15ms;  // threshold = pause * 1.5 + margin

  void arrived(Time now);
  // When to report silence; `never` before the first object.
  Time deadline() const { return deadline_; }
  // True if the deadline has come. The next deadline is when the silence has doubled, at most `longest`
  // later.
  bool silent(Time now);
  Time silence(Time now) const { return now - last_; }
  Time threshold() const;

 private:
  struct Slot {
    Time pause{};    // the longest between two objects
    Time silence{};  // the longest reported silence
    int silences = 0;
  };
  std::array<Slot, slots> slots_ = {};
  std::int64_t slot_ = 0;
  Time first_ = never;
  Time last_ = {};
  Time deadline_ = never;
  bool reported_ = false;  // the silence since `last_` was reported
};

}  // namespace astral::elements
