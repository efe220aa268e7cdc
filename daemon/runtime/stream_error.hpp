// SPDX-License-Identifier: BSD-3-Clause
// The error texts of calls about a stream.
#pragma once

#include <string>

#include "core/node_view.hpp"
#include "glue/error.hpp"

namespace astral::runtime {

// Returns `error`; a not_found error gets the stream's name in front.
Error about_stream(const Error &error, const std::string &slug);

// Why the stream brings no media, for people; empty: nothing is known.
std::string why_silent(const core::NodeView &node, const std::string &slug);

}  // namespace astral::runtime
