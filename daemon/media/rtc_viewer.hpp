// SPDX-License-Identifier: BSD-3-Clause
// One who watches by WebRTC: the pieces of an RtcBranch, as RTP, through a connection of its own. The newest
// group comes at once, but not faster than a socket takes it.
#pragma once

#include <gst/app/gstappsrc.h>

#include <cstddef>
#include <deque>
#include <optional>

#include "formats/rtc_frame.hpp"
#include "glue/bytes.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/rtc_link.hpp"

namespace astral::media {

// **Thread**: one context.
class RtcViewer {
 public:
  RtcViewer(webrtc::Plan plan, GMainContext *context, RtcLink::Handler handler);

  Expected<void> start();
  void play(const Slice &piece, bool is_start);  // when it is connected

 private:
  Expected<void> add(const webrtc::Chosen &chosen, const char *source_name, unsigned pad);
  void catch_up();
  void begin_at(Time time, Time least);
  void pace();
  void deliver(const formats::RtcFrame &frame);

  std::deque<formats::RtcFrame> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_behind_ = false;      // the newest group waits
  bool awaits_start_ = false;   // some were left out
  std::optional<Time> offset_;  // from the pieces' times to the pipeline's
  Time newest_{};
  Timer timer_;
  RtcLink link_;
  Ref<GstAppSrc> video_, audio_;
};

}  // namespace astral::media
