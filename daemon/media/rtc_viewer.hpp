// SPDX-License-Identifier: BSD-3-Clause
// Sends the pieces of an RtcBranch to one WebRTC viewer, as RTP. Sends the newest group at once, but not
// faster than the viewer's socket can take it.
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

// Bounds what an element keeps and sends again, if it is webrtcbin's rtprtxsend. **Why**: webrtcbin keeps 500
// packets, less than the newest group, and sends each of them as often as the viewer requests it.
void bound_retransmission(GstElement *element);

// **Thread**: one context.
class RtcViewer {
 public:
  RtcViewer(webrtc::Plan plan, GMainContext *context, RtcLink::Handler handler);

  Expected<void> start();
  void play(const Slice &piece, bool is_start);  // only when it is connected

 private:
  Expected<void> add(const webrtc::Chosen &chosen, const char *source_name, unsigned pad);
  void catch_up();
  void begin_at(Time time, Time least);
  void pace();
  void deliver(const formats::RtcFrame &frame);

  std::deque<formats::RtcFrame> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool is_behind_ = false;      // the newest group is still to be sent at once
  bool awaits_start_ = false;   // frames were skipped
  std::optional<Time> offset_;  // from the pieces' times to the pipeline's times
  Time newest_{};
  Timer timer_;
  RtcLink link_;
  Ref<GstAppSrc> video_, audio_;
};

}  // namespace astral::media
