// SPDX-License-Identifier: BSD-3-Clause
// The two ways out of a GStreamer pipeline to a main context: its media (Tap) and its errors (BusErrors).
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <atomic>
#include <functional>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"

namespace astral::media {

// A streaming thread's stay in an object of ours. The owner says made() when the object can be visited, and
// leaving() when it cannot any more. **Why**: GStreamer starts and ends those threads in between, but orders
// it with locks that ThreadSanitizer does not know; this says the same to the memory model, with one word for
// the whole process, as a new one in each object would be part of what has to be seen.
class Visit {
 public:
  Visit() { turns_.fetch_add(1, std::memory_order_acquire); }
  ~Visit() { turns_.fetch_add(1, std::memory_order_release); }
  Visit(const Visit &) = delete;
  Visit &operator=(const Visit &) = delete;

  static void made() { turns_.fetch_add(1, std::memory_order_release); }
  static void leaving() { turns_.fetch_add(1, std::memory_order_acquire); }

 private:
  inline static std::atomic<unsigned> turns_ = 0;
};

// An appsink whose samples are taken on a main context. It never drops: when its queue is full, the streaming
// thread waits. **Thread**: made and destroyed on the context; destroy it when the pipeline has stopped.
class Tap {
 public:
  using Take = std::function<void(GstSample *)>;  // must not destroy the tap

  Tap(GMainContext *context, Take take);
  ~Tap();
  Tap(const Tap &) = delete;
  Tap &operator=(const Tap &) = delete;

  GstElement *element() const { return GST_ELEMENT(sink_.get()); }

 private:
  void wake();  // any thread
  void drain();

  const Take take_;
  Ref<GstAppSink> sink_;
  std::atomic<bool> woken_ = false;
  Mailbox mailbox_;
};

// What elements of a pipeline post as errors, and that all its sinks have had EOS, in the order in which it
// happened among the other letters of `mailbox`. Nothing else stays on the bus. **Thread**: made and
// destroyed on the mailbox's context, destroyed when the pipeline has stopped.
class BusErrors {
 public:
  using Take = std::function<void(GstObject *from, const Error &)>;

  using End = std::function<void()>;

  BusErrors(GstElement *pipeline, Mailbox &mailbox, Take take, End end = {});
  ~BusErrors();
  BusErrors(const BusErrors &) = delete;
  BusErrors &operator=(const BusErrors &) = delete;

 private:
  static GstBusSyncReply receive(GstBus *bus, GstMessage *message, gpointer self) noexcept;

  const Take take_;
  const End end_;
  Mailbox &mailbox_;
  Ref<GstBus> bus_;
};

}  // namespace astral::media
