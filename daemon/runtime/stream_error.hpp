// SPDX-License-Identifier: BSD-3-Clause
// What people read about a stream that a call could not be answered for.
#pragma once

#include <string>

#include "glue/error.hpp"

namespace astral::runtime {

// The error of the core, with the stream's name where there is no such stream.
Error about_stream(const Error &error, const std::string &slug);

}  // namespace astral::runtime
