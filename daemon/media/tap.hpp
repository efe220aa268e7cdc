// SPDX-License-Identifier: BSD-3-Clause
// Brings samples (Tap) and errors (BusErrors) from a GStreamer pipeline to a main context.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <atomic>
#include <functional>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"

namespace astral::media {

// An appsink whose samples are taken on a main context. It drops nothing: when its queue is full, the
// streaming thread waits. **Thread**: the context. Destroy it after the pipeline has stopped.
class Tap {
 public:
  using Take = std::function<void(GstSample *)>;  // must not destroy the tap
  using End = std::function<void()>;              // EOS, after the last sample; must not destroy the tap

  Tap(GMainContext *context, Take take, End end = {});
  ~Tap();
  Tap(const Tap &) = delete;
  Tap &operator=(const Tap &) = delete;

  GstElement *element() const { return GST_ELEMENT(sink_.get()); }

 private:
  void wake();  // any thread
  void drain();

  const Take take_;
  const End end_;
  bool has_ended_ = false;
  Ref<GstAppSink> sink_;
  std::atomic<bool> woken_ = false;
  Mailbox mailbox_;
};

// Reports the errors and the element messages that elements of a pipeline post, and the EOS of the pipeline,
// as tasks of `mailbox`, in order with the other tasks that the pipeline's threads post there. Discards all
// other bus messages.
// **Thread**: the mailbox's context. Destroy it after the pipeline has stopped.
class BusErrors {
 public:
  using Take = std::function<void(GstObject *from, const Error &)>;

  using End = std::function<void()>;
  using Told = std::function<void(const GstStructure &)>;

  BusErrors(GstElement *pipeline, Mailbox &mailbox, Take take, End end = {}, Told told = {});
  ~BusErrors();
  BusErrors(const BusErrors &) = delete;
  BusErrors &operator=(const BusErrors &) = delete;

 private:
  static GstBusSyncReply receive(GstBus *bus, GstMessage *message, gpointer self) noexcept;

  const Take take_;
  const End end_;
  const Told told_;
  Mailbox &mailbox_;
  Ref<GstBus> bus_;
};

}  // namespace astral::media
