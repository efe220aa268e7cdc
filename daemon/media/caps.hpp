// SPDX-License-Identifier: BSD-3-Clause
// Checks a stream's caps, which are text from its publisher.
#pragma once

#include <gst/gst.h>

#include <vector>

namespace astral::media {

// Whether all fields are numbers, strings, buffers or arrays of those. **Why**: elements use a codec_data or
// streamheader of any type as a buffer, without a check.
bool are_plain(const GstCaps *caps);

// The buffers of the streamheader. They belong to the caps.
std::vector<GstBuffer *> stream_headers(const GstCaps *caps);

}  // namespace astral::media
