// SPDX-License-Identifier: BSD-3-Clause
// One WebRTC connection: GStreamer's webrtcbin in a pipeline of its own, from the plan of an offer to the
// answer and to the end. What flows through it is for who builds on it.
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
  // As letters, none after on_over, which comes once and may destroy the link.
  struct Handler {
    std::function<void(const std::string &sdp)> on_answer;  // all candidates in it
    std::function<void()> on_connected;
    std::function<void(const Error &)> on_over;
  };

  RtcLink(webrtc::Plan plan, GMainContext *context, Handler handler);
  ~RtcLink();
  RtcLink(const RtcLink &) = delete;
  RtcLink &operator=(const RtcLink &) = delete;

  Expected<void> build();  // the pipeline, with nothing in it but the bin
  Expected<void> negotiate();
  void stop();  // no thread is in the pipeline any more
  void end(const Error &error);

  const webrtc::Plan &plan() const { return plan_; }
  GstElement *pipeline() const { return pipeline_.get(); }
  GstElement *bin() const { return bin_.get(); }

 private:
  void on_remote_set(GstPromise *promise);  // this and the next: webrtcbin's thread
  void on_answer_made(GstPromise *promise);
  void on_gathered();
  void on_state();
  void answer();
  void listen_to_the_wire();
  bool is_the_one_offered() const;  // whose certificate we have seen
  void look();

  const webrtc::Plan plan_;
  const Handler handler_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> bin_;
  Mailbox mailbox_;
  Timer timer_;
  std::unique_ptr<BusErrors> errors_;
  Time deadline_ = never;  // of the gathering, then of the connecting
  std::atomic<Time::rep> heard_ = 0;
  bool is_answered_ = false, is_connected_ = false, is_over_ = false;
};

}  // namespace astral::media
