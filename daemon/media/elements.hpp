// SPDX-License-Identifier: BSD-3-Clause
// Whether GStreamer finds the elements without which a node can carry nothing.
#pragma once

#include "glue/error.hpp"

namespace astral::media {

// Loads astralsink, astralsrc and astralrelay. **Thread** any, after gst_init(). Errors: failed; the detail, for
// people, says which element is missing and where GStreamer looked.
Expected<void> find_elements();

}  // namespace astral::media
