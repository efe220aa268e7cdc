// SPDX-License-Identifier: BSD-3-Clause
// Whether a caller gets HTML or JSON, by its Accept header (RFC 9110 §12.5.1). Pure.
#pragma once

#include <string_view>

namespace astral::origin {

// True if the header names text/html and prefers it to application/json. Without either the caller gets JSON.
bool wants_html(std::string_view accept);

}  // namespace astral::origin
