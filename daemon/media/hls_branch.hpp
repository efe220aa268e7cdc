// SPDX-License-Identifier: BSD-3-Clause
// What stands between a pad of a pipeline and an HLS window: nothing but an appsink for MPEG-TS, a Remux for
// other containers, a refusal for what MPEG-TS cannot carry. Decides where a group begins when nobody says
// so.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/player.hpp"
#include "formats/playlist.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/remux.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context; the streaming threads end at the tap. **Owns** the element that it adds to the
// bin; destroy it when the bin has stopped.
class HlsBranch {
 public:
  using CapsKnown = std::function<void(const std::string &caps)>;

  using News = std::function<void()>;

  // Takes what comes out of `source`, a free src pad of an element in `bin`. `on_caps` runs on the context,
  // as a letter of its own (it may destroy the branch): the media's caps without their headers. `on_news`
  // likewise: the playlist says more.
  HlsBranch(GstBin *bin, GstPad *source, GMainContext *context, const formats::HlsLimits &limits,
            CapsKnown on_caps, News on_news);
  HlsBranch(const HlsBranch &) = delete;
  HlsBranch &operator=(const HlsBranch &) = delete;

  const formats::HlsWindow &window() const { return window_; }
  // The same media for who plays it as it comes.
  formats::Fanout &live() { return live_; }
  // Why this media cannot be HLS; empty when it can, or when it is not known yet.
  const std::string &refusal() const { return refusal_; }

 private:
  void take(GstSample *sample);
  void take_transport_stream(GstSample *sample);
  void take_packet(GstSample *sample);
  void push(std::uint64_t group, Time pts, Slice bytes, bool is_broken);
  void start(GstCaps *caps);
  bool is_repeated_header(GstBuffer *buffer);
  void stop_remux(const Error &error);
  std::uint64_t group_of(GstBuffer *buffer, Time pts);
  Time time_of(GstBuffer *buffer, const GstSegment *segment);

  const Ref<GMainContext> context_;
  const CapsKnown on_caps_;
  const News on_news_;
  formats::HlsWindow window_;
  formats::Fanout live_;
  std::optional<std::uint64_t> live_group_;
  std::string refusal_;
  Ref<GstCaps> caps_;
  bool is_transport_stream_ = false;
  guint headers_to_come_ = 0;        // of the streamheader, as buffers before the media
  std::uint64_t counted_group_ = 0;  // where buffers carry no group id
  Time counted_since_{};             // its first timestamp
  bool is_flagged_ = false;          // some buffer without DELTA_UNIT was seen
  std::optional<Time> last_pts_;
  std::vector<std::uint8_t> packets_;  // of the remultiplexer, not pushed yet: one group, one time
  std::uint64_t packets_group_ = 0;
  Time packets_pts_{};
  Tap tap_;
  std::unique_ptr<Remux> remux_;
  Mailbox mailbox_;
};

}  // namespace astral::media
