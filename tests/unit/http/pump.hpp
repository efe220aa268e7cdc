// SPDX-License-Identifier: BSD-3-Clause
// How these tests wait: they iterate the main context until a condition holds or a deadline has passed.
#pragma once

#include <glib.h>

#include <functional>

#include "glue/loop.hpp"
#include "glue/time.hpp"

namespace astral::test {

// False: the condition did not hold in time. The test must check this. The condition is looked at again now
// and then, because what it looks at may be outside the context: a client's socket.
inline bool pump_until(const std::function<bool()> &condition, Time limit = 20s) {
  constexpr Time look_every = 20ms;
  GMainContext *context = g_main_context_default();
  const Time end = now() + limit;
  Timer look(context, [&] { look.set(now() + look_every); });
  look.set(now() + look_every);
  while (!condition()) {
    if (now() >= end) return false;
    g_main_context_iteration(context, TRUE);
  }
  return true;
}

}  // namespace astral::test
