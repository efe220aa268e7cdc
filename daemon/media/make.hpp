// SPDX-License-Identifier: BSD-3-Clause
// What every pipeline here is made of: elements by name, bins by description, buffers of slices.
#pragma once

#include <gst/gst.h>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral::media {

// Bytes that may wait in front of a pipeline. More means that the pipeline hangs.
inline constexpr guint64 waiting_bytes = 16 << 20;

// An element of this factory, or none if GStreamer does not have the factory.
Ref<GstElement> make(const char *factory);
// The error for an element that make() did not find. Code: failed.
tl::unexpected<Error> missing(const char *factory);
// A bin with ghost pads from a gst-launch description. None if an element is missing; a warning names it.
Ref<GstElement> make_bin(const char *description);
// A read-only buffer that shares the slice's bytes.
Ref<GstBuffer> wrap(const Slice &slice);
Slice slice_of(GstMemory *memory);                           // shares it, and keeps it mapped
Slice copy_of(GstBuffer *buffer);                            // its bytes; empty without a buffer
Time running(const GstSegment *segment, GstClockTime time);  // running time

}  // namespace astral::media
