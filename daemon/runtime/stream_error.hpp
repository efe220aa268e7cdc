// SPDX-License-Identifier: BSD-3-Clause
// The error text of a call about a stream.
#pragma once

#include <string>

#include "glue/error.hpp"

namespace astral::runtime {

// Returns `error`; a not_found error gets the stream's name in front.
Error about_stream(const Error &error, const std::string &slug);

}  // namespace astral::runtime
