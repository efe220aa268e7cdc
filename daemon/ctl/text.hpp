// SPDX-License-Identifier: BSD-3-Clause
// Texts of other people on a terminal: which characters may be printed, how wide a text is, how it is cut.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astral::ctl {

// All take UTF-8.

// Replaces by '?' control characters, which could control the terminal, and characters that change the
// direction of the text.
std::string printable(std::string_view text);

// A JSON text on one line. The characters that printable() replaces are written as JSON escapes, so a script
// reads the same text.
std::string one_line(std::string_view json);

// The width of `text` in cells of a terminal.
std::size_t columns(std::string_view text);

// At most `width` cells of `text`; ends with … if it was cut.
std::string fit(std::string_view text, std::size_t width);

}  // namespace astral::ctl
