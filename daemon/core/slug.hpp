// SPDX-License-Identifier: BSD-3-Clause
// The rules of names. plugins/protocol defines them, because it also reads and writes names as JSON.
#pragma once

#include "protocol/slug.hpp"

namespace astral::core {
using namespace protocol;
}  // namespace astral::core
