// SPDX-License-Identifier: BSD-3-Clause
// What must be changed between a parser and a multiplexer of GStreamer, because they break on it.
#pragma once

#include <gst/gst.h>

namespace astral::media {

// A parser that gets a GAP before its first frame makes up caps, which a multiplexer then does not let it
// change.
void drop_first_gaps(GstPad *pad);

// mp4mux of GStreamer 1.22 crashes without these fields. A browser shows the same picture with all values.
void complete_vp9(GstPad *pad);

}  // namespace astral::media
