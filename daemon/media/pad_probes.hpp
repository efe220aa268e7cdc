// SPDX-License-Identifier: BSD-3-Clause
// What must be changed before and behind a parser of GStreamer, because it or the next element breaks on it.
#pragma once

#include <gst/gst.h>

namespace astral::media {

// A parser that gets a GAP before its first frame makes up caps, which a multiplexer then does not let it
// change.
void drop_first_gaps(GstPad *pad);

// Behind a tee: gives each branch its own buffers. opusparse changes the times of a buffer that it shares. The
// parser of another branch may read such a time, and then it drops the sound.
void own_buffers(GstPad *pad);

// mp4mux of GStreamer 1.22 crashes without these fields. A browser shows the same picture with all values.
void complete_vp9(GstPad *pad);

}  // namespace astral::media
