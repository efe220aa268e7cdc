// SPDX-License-Identifier: BSD-3-Clause
// A stream's caps are a text of its publisher's: what of them may be used.
#pragma once

#include <gst/gst.h>

#include <vector>

namespace astral::media {

// Only what media has: numbers, words and buffers, and arrays of those. Elements take a codec_data or a
// streamheader of any other type for a buffer.
bool are_plain(const GstCaps *caps);

// The buffers of the streamheader; the caps' own.
std::vector<GstBuffer *> stream_headers(const GstCaps *caps);

}  // namespace astral::media
