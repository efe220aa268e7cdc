// SPDX-License-Identifier: BSD-3-Clause
// Who asks: a person's browser or a program? Decides from the Accept header (RFC 9110 §12.5.1). Pure.
#pragma once

#include <string_view>

namespace astral::origin {

// True when text/html is named and preferred to application/json. A program that names neither gets JSON.
bool wants_html(std::string_view accept);

}  // namespace astral::origin
