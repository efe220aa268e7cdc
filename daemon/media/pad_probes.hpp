// SPDX-License-Identifier: BSD-3-Clause
// What must be changed before and behind a parser of GStreamer, because it or the next element breaks on it.
#pragma once

#include <gst/gst.h>

namespace astral::media {

// A parser that gets a GAP before its first frame makes up caps, which a multiplexer then does not let it
// change.
void drop_first_gaps(GstPad *pad);

// Behind a tee, so that each branch has its own buffers. opusparse writes the times of a buffer before it
// makes the buffer its own: the parser of another branch then reads a wrong time, and drops the sound.
void own_buffers(GstPad *pad);

// mp4mux of GStreamer 1.22 crashes without these fields. A browser shows the same picture with all values.
void complete_vp9(GstPad *pad);

}  // namespace astral::media
