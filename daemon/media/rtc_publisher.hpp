// SPDX-License-Identifier: BSD-3-Clause
// Receives the media of a WebRTC publisher, as H.264 and AAC. It transcodes VP8 and Opus; H.264 is unchanged.
// Requests key frames, because a browser makes them only on request.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <string_view>

#include "formats/rtmp/session.hpp"
#include "glue/bytes.hpp"
#include "glue/loop.hpp"
#include "glue/time.hpp"
#include "media/rtc_link.hpp"
#include "media/tap.hpp"

namespace astral::media {

// The elements from a codec's RTP to H.264 or AAC, in gst-launch's language; null: not supported.
const char *chain_for(std::string_view codec);

// **Thread**: one context.
class RtcPublisher {
 public:
  using Take = std::function<void(const rtmp::Media &)>;  // must not destroy the publisher

  RtcPublisher(webrtc::Plan plan, GMainContext *context, RtcLink::Handler handler, Take take);
  ~RtcPublisher();
  RtcPublisher(const RtcPublisher &) = delete;
  RtcPublisher &operator=(const RtcPublisher &) = delete;

  Expected<void> start();

 private:
  void link(GstPad *pad);  // a streaming thread
  void take(bool is_video, GstSample *sample);
  void give(bool is_video, std::uint32_t timestamp, bool is_config, bool is_key, Slice data);
  void ask_for_key();

  const Take take_;
  Slice video_config_, audio_config_;
  Time key_came_{};
  Timer asking_;
  Tap video_, audio_;
  Mailbox mailbox_;
  RtcLink link_;
};

}  // namespace astral::media
