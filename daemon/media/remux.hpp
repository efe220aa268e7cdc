// SPDX-License-Identifier: BSD-3-Clause
// Remultiplexes other containers (Matroska, FLV, …) to MPEG-TS without transcoding. Tracks that MPEG-TS
// cannot carry are left out. It has a pipeline of its own, so that an error ends nothing else.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor.
class Remux {
 public:
  using Take = std::function<void(GstSample *)>;  // must not destroy the remux
  // A track that is left out: its codec, as formats/facts.hpp names it. As a task on the context.
  using LeftOut = std::function<void(const std::string &codec, bool is_video)>;
  using Fail =
      std::function<void(const Error &)>;  // at most once; may destroy it. unsupported: not this media

  // `caps`: of the buffers that will be pushed; are_plain(). Pushes their streamheader first.
  static Expected<std::unique_ptr<Remux>> open(GstCaps *caps, GMainContext *context, Take take,
                                               LeftOut left_out, Fail fail);
  ~Remux();
  Remux(const Remux &) = delete;
  Remux &operator=(const Remux &) = delete;

  void push(GstBuffer *buffer);  // the next one after the streamheader

 private:
  Remux(GMainContext *context, Take take, LeftOut left_out, Fail fail);
  Expected<void> build(GstCaps *caps);
  Expected<void> link(GstPad *pad);  // on a streaming thread
  void leave_out(const std::string &name);
  void check_tracks();             // on a streaming thread that has data
  void post_failure(Error error);  // any thread

  const LeftOut left_out_;
  const Fail fail_;
  bool failed_ = false;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Ref<GstElement> muxer_;
  std::atomic<bool> are_tracks_checked_ = false;
  bool has_track_ = false;      // of the streaming thread that finds the tracks
  std::string first_left_out_;  // likewise; empty: none
  Mailbox mailbox_;
  Tap tap_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
