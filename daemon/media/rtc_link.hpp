// SPDX-License-Identifier: BSD-3-Clause
// One WebRTC connection: GStreamer's webrtcbin in a pipeline of its own. Makes the answer to an offer, and
// notices when the connection is up and when it ends. RtcViewer and RtcPublisher add the media.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "formats/webrtc/plan.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** the pipeline, which plays from negotiate() to the destructor or stop().
class RtcLink {
 public:
  // Called as tasks on the context, none after on_over, which comes once and may destroy the link.
  struct Handler {
    std::function<void(const std::string &sdp)> on_answer;  // with all candidates
    std::function<void()> on_connected;
    std::function<void(const Error &)> on_over;
  };

  RtcLink(webrtc::Plan plan, GMainContext *context, Handler handler);
  ~RtcLink();
  RtcLink(const RtcLink &) = delete;
  RtcLink &operator=(const RtcLink &) = delete;

  Expected<void> build();  // makes the pipeline with webrtcbin alone
  // Before negotiate(), if the plan has a payload type for it (RFC 4588): lost packets of video are sent
  // again.
  void retransmit(const char *sink_pad);  // those that this pad of webrtcbin sends
  void request_lost_packets();            // those of the other end
  Expected<void> negotiate();
  void stop();  // afterwards no thread runs in the pipeline
  void end(const Error &error);

  const webrtc::Plan &plan() const { return plan_; }
  GstElement *pipeline() const { return pipeline_.get(); }
  GstElement *bin() const { return bin_.get(); }

 private:
  void on_remote_set(GstPromise *promise);  // runs on webrtcbin's thread, as does the next
  void on_answer_made(GstPromise *promise);
  void on_gathered();
  void on_state();
  void answer();
  void watch_incoming_packets();
  bool has_offered_certificate() const;  // the other end
  void check_deadlines();

  const webrtc::Plan plan_;
  const Handler handler_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> bin_;
  Mailbox mailbox_;
  Timer timer_;
  std::unique_ptr<BusErrors> errors_;
  Time deadline_ = never;  // for gathering, then for connecting
  std::atomic<Time::rep> heard_ = 0;
  bool is_answered_ = false, is_connected_ = false, is_over_ = false;
};

}  // namespace astral::media
