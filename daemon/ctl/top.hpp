// SPDX-License-Identifier: BSD-3-Clause
// `astralctl top`: shows a node as it changes on a terminal, once without a terminal, or as JSON for scripts.
#pragma once

#include "ctl/command.hpp"

namespace astral::ctl {

// Returns the exit status.
int run_top(const Arguments &arguments);

}  // namespace astral::ctl
