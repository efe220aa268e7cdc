// SPDX-License-Identifier: BSD-3-Clause
// What stands between a pad of a pipeline and an HLS window: nothing but an appsink for MPEG-TS; a demuxer, parsers
// and mpegtsmux for other containers; a refusal for what MPEG-TS cannot carry.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/guarded.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/playlist.hpp"

namespace astral::media {

// **Thread**: made, used and destroyed on `context`; the streaming threads meet it at the appsink's bounded queue and
// at a mailbox. **Owns** the elements that it adds to the bin. Destroy it when the bin has stopped.
class HlsBranch {
 public:
  using CapsKnown = std::function<void(const std::string &caps)>;

  // Takes what comes out of `source` (a src pad of an element in `bin`). `on_caps` runs on the context.
  HlsBranch(GstBin *bin, GstPad *source, GMainContext *context, const HlsLimits &limits, CapsKnown on_caps);
  ~HlsBranch();
  HlsBranch(const HlsBranch &) = delete;
  HlsBranch &operator=(const HlsBranch &) = delete;

  const HlsWindow &window() const { return window_; }
  // Why this media cannot be HLS; empty when it can, or is not known yet.
  const std::string &refusal() const { return refusal_; }

  // For the owner's bus watch: true when the message came from an element of this branch, which it then takes as
  // the end of this media's HLS, and of nothing else.
  bool take_error(GstMessage *message);

 private:
  HlsWindow window_;
  std::string refusal_;
};

}  // namespace astral::media
