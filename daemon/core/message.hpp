// SPDX-License-Identifier: BSD-3-Clause
// The messages of /peer are shared with who reads and writes them as JSON: plugins/protocol has them, under
// core's name here.
#pragma once

#include "protocol/message.hpp"

namespace astral::core {
using namespace protocol;
}  // namespace astral::core
