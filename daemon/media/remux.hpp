// SPDX-License-Identifier: BSD-3-Clause
// Remultiplexes other containers (Matroska, FLV, …) to MPEG-TS without transcoding. It has a pipeline of its
// own, so that an error ends nothing else.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <functional>
#include <memory>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor.
class Remux {
 public:
  using Take = std::function<void(GstSample *)>;  // must not destroy the remux
  using Fail =
      std::function<void(const Error &)>;  // at most once; may destroy it. unsupported: not this media

  // `caps`: of the buffers that will be pushed; are_plain(). Pushes their streamheader first.
  static Expected<std::unique_ptr<Remux>> open(GstCaps *caps, GMainContext *context, Take take, Fail fail);
  ~Remux();
  Remux(const Remux &) = delete;
  Remux &operator=(const Remux &) = delete;

  void push(GstBuffer *buffer);  // the next one after the streamheader

 private:
  Remux(GMainContext *context, Take take, Fail fail);
  Expected<void> build(GstCaps *caps);
  Expected<void> link(GstPad *pad);  // on a streaming thread
  void post_failure(Error error);    // any thread

  const Fail fail_;
  bool failed_ = false;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Ref<GstElement> muxer_;
  Mailbox mailbox_;
  Tap tap_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
