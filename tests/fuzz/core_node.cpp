// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: core::Node gets any inputs, in any order and at any time. The fuzzer's bytes are a list of choices
// (tests/unit/core/babble.hpp): first the settings, then one Input of the core after another.
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
