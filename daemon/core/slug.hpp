// SPDX-License-Identifier: BSD-3-Clause
// The rules of names are shared with who reads and writes them as JSON: plugins/protocol has them, under
// core's name here.
#pragma once

#include "protocol/slug.hpp"

namespace astral::core {
using namespace protocol;
}  // namespace astral::core
