// SPDX-License-Identifier: BSD-3-Clause
// `astralctl top`: a node as it changes, on a terminal; once, where there is none; as JSON, for scripts.
#pragma once

#include "ctl/command.hpp"

namespace astral::ctl {

// The exit status.
int run_top(const Arguments &arguments);

}  // namespace astral::ctl
