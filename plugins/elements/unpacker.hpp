// SPDX-License-Identifier: BSD-3-Clause
// Turns objects, in order, into what a source pad pushes: caps when they change, their stream headers once,
// then buffers on our running time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "elements/object_meta.hpp"
#include "elements/playout.hpp"

namespace astral::elements {

// **Thread**: the streaming thread.
class Unpacker {
 public:
  // A TIME segment starts at this time, so that objects from before the stream's present have timestamps before
  // the segment: decoders decode them, sinks do not show them. Nanoseconds.
  static constexpr std::int64_t lead = Playout::max_age;
  // The segment of the current catalog. Containers that carry their own timestamps (Matroska, FLV, …) get a
  // BYTES segment, as from a file or HTTP: their demuxers take a TIME segment for one in the container's time.
  GstSegment segment() const;

  struct Out {
    Ref<GstCaps> caps;  // set if the caps have changed
    std::vector<Ref<GstBuffer>> buffers;
    Ref<GstEvent> event;  // a status event, or a GAP (before the buffers) if objects were given up
  };
  // The timestamps are for segment(). `running_time` is ours now, nanoseconds. Errors: invalid (caps).
  Expected<Out> unpack(const SharedTaken &taken, std::int64_t running_time);

 private:
  Expected<void> change_catalog(const std::shared_ptr<const Catalog> &catalog, Out &out);

  std::shared_ptr<const Catalog> catalog_;
  Playout playout_;
  std::optional<std::uint64_t> group_;  // of the newest object
  bool discontinuity_ = true;
  bool gap_ = false;                        // objects were given up since the last buffer
  GstClockTime end_ = GST_CLOCK_TIME_NONE;  // end of the last buffer
};

}  // namespace astral::elements
