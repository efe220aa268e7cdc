// SPDX-License-Identifier: BSD-3-Clause
// How regularly objects arrive, and from when on their absence means that something is wrong. A guess that
// costs little where it errs: the threshold follows the longest pause of the last seconds. A silence that was
// told of is no pause of the stream, unless there are many: then the stream has become slow.
#pragma once

#include <array>

#include "glue/time.hpp"

namespace astral::elements {

class Cadence {
 public:
  static constexpr Time slot = 1s;
  static constexpr std::size_t slots = 8;  // in which the longest pause is looked for
  static constexpr int many = 4;           // silences in these, that were told of
  static constexpr Time warmup = 500ms;    // of arrivals: shorter silence means nothing yet
  static constexpr Time shortest = 40ms;   // a thread that was not scheduled is no silence
  static constexpr Time longest = 5s;
  static constexpr Time margin = 15ms;  // beside half of the pause itself

  void arrived(Time now);
  // When silence is to be told of; `never` while that is not known.
  Time deadline() const { return deadline_; }
  // Is it that late? Then the next time comes after twice the silence.
  bool silent(Time now);
  Time silence(Time now) const { return now - last_; }
  Time threshold() const;

 private:
  struct Slot {
    Time pause{};    // the longest
    Time silence{};  // the longest that was told of
    int silences = 0;
  };
  std::array<Slot, slots> slots_ = {};
  std::int64_t slot_ = 0;
  Time first_ = never;
  Time last_ = {};
  Time deadline_ = never;
  bool told_ = false;  // of the silence since `last_`
};

}  // namespace astral::elements
