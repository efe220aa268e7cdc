// SPDX-License-Identifier: BSD-3-Clause
// Checks that GStreamer finds the elements that a node needs.
#pragma once

#include "glue/error.hpp"

namespace astral::media {

// Loads astralsink, astralsrc and astralrelay. **Thread**: any, after gst_init(). **Errors**: failed; the
// detail says which element is missing and where GStreamer has looked.
Expected<void> find_elements();

}  // namespace astral::media
