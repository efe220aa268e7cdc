// SPDX-License-Identifier: BSD-3-Clause
// Text from strangers on a terminal: what of it may be printed, how wide it is there, how it is cut. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astral::ctl {

// All take UTF-8.

// Made safe: control characters, which could move the cursor or worse, and those that turn the direction of
// what follows become '?'.
std::string printable(std::string_view text);

// A JSON text on one line. What printable() takes out stands in it as an escape, which a script reads as the
// same.
std::string one_line(std::string_view json);

// How many cells of a terminal `text` takes.
std::size_t columns(std::string_view text);

// At most `width` cells of it, with … at the end when something was cut.
std::string fit(std::string_view text, std::size_t width);

}  // namespace astral::ctl
