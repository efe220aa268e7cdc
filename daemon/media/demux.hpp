// SPDX-License-Identifier: BSD-3-Clause
// Takes MPEG-TS apart: its H.264 and its AAC, each brought into a form by a few elements, in a pipeline of
// its own.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <memory>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor. It has no way
// past a break: then another one is opened.
class Demux {
 public:
  enum class Kind { video, audio };
  // From what tsdemux gives to what is taken, as gst-launch has it.
  struct Forms {
    const char *video;
    const char *audio;
  };
  // None may destroy the demux.
  class Handler {
   public:
    virtual void on_track(Kind kind) = 0;  // the first of its kind is there
    virtual void on_sample(Kind kind, GstSample *sample) = 0;
    virtual void on_tracks_known() = 0;  // no other comes
    virtual void on_error(const Error &error) = 0;

   protected:
    ~Handler() = default;
  };

  static Expected<std::unique_ptr<Demux>> open(GMainContext *context, const Forms &forms, Handler &handler);
  ~Demux();
  Demux(const Demux &) = delete;
  Demux &operator=(const Demux &) = delete;

  void push(const Slice &bytes);

 private:
  Demux(GMainContext *context, const Forms &forms, Handler &handler);
  Expected<void> build();
  void link(GstPad *pad);  // a streaming thread
  void link(GstPad *pad, Kind kind);

  const Forms forms_;
  Handler &handler_;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Mailbox mailbox_;
  Tap video_, audio_;
  std::unique_ptr<BusErrors> errors_;
};

// Of what a demux gives, and gets.
Slice copy_of(GstBuffer *buffer);
GstBuffer *buffer_of(const Slice &bytes);  // the caller's; not copied
Time running(const GstSegment *segment, GstClockTime time);

}  // namespace astral::media
