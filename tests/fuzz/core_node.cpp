// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a node to which anything is said and done, in any order and at any time. The input is a list of
// choices (tests/unit/core/babble.hpp): the settings, then one Input of the core after the other.
#include "babble.hpp"
#include "step_count.hpp"

using namespace astral::core;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  ByteChoices choices(data, size);
  Babble babble(choices, choices.below(256));
  while (!choices.done()) {
    if (choices.below(250) == 249) babble.shut_down();
    babble.step();
  }
  babble.end();
  astral::fuzz::count_steps(babble.steps());
  return 0;
}
