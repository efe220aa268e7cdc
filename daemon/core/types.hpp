// SPDX-License-Identifier: BSD-3-Clause
// The values of the control plane. plugins/protocol defines them, because it also reads and writes them as
// JSON.
#pragma once

#include "protocol/types.hpp"

namespace astral::core {
using namespace protocol;
}  // namespace astral::core
