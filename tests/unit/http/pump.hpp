// SPDX-License-Identifier: BSD-3-Clause
// How these tests wait: they iterate the main context until a condition holds or a deadline has passed.
#pragma once

#include <glib.h>

#include <functional>

#include "glue/loop.hpp"
#include "glue/time.hpp"

namespace astral::test {

// False: the condition did not hold in time. The test must check this.
inline bool pump_until(const std::function<bool()> &condition, Time limit = 20s) {
  GMainContext *context = g_main_context_default();
  bool late = false;
  Timer deadline(context, [&] { late = true; });
  deadline.set(now() + limit);
  while (!condition()) {
    if (late) return false;
    g_main_context_iteration(context, TRUE);
  }
  return true;
}

}  // namespace astral::test
