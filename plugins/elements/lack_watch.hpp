// SPDX-License-Identifier: BSD-3-Clause
// Decides when an active parent lacks too much: it gives up objects, and a parent in standby has them. A
// parent that withholds objects looks like that, and one whose line is too thin. Pure.
#pragma once

#include <array>
#include <optional>

#include "glue/time.hpp"
#include "track/store.hpp"

namespace astral::elements {

class LackWatch {
 public:
  static constexpr std::size_t too_often = 3;
  static constexpr Time period = 10s;

  // The active parent does not have these objects.
  void given_up(const track::Span &gap) { gap_ = gap; }
  // A parent in standby has brought this object. True: too often within the period.
  bool filled(const track::Location &at, Time now);

 private:
  std::optional<track::Span> gap_;
  std::array<std::optional<Time>, too_often - 1> before_ = {};  // the newest first
};

}  // namespace astral::elements
