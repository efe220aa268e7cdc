// SPDX-License-Identifier: BSD-3-Clause
// The one way these tests wait: pumping the main context until a condition, with one shared deadline.
#pragma once

#include <glib.h>

#include <functional>

#include "glue/loop.hpp"
#include "glue/time.hpp"

namespace astral::test {

// False when the condition did not come true in time; the test then says so.
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
