// SPDX-License-Identifier: BSD-3-Clause
// Messages and effects as short lines of text, for tests and to compare two runs.
#pragma once

#include <string>

#include "core/effect.hpp"

namespace astral::core {

std::string text(const Message &message);
std::string text(const Effect &effect);  // "Send 7 request t1 talk from v"

}  // namespace astral::core
