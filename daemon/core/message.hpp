// SPDX-License-Identifier: BSD-3-Clause
// The messages of /peer. plugins/protocol defines them, because it also reads and writes them as JSON.
#pragma once

#include "protocol/message.hpp"

namespace astral::core {
using namespace protocol;
}  // namespace astral::core
