// SPDX-License-Identifier: BSD-3-Clause
// Demultiplexes MPEG-TS: its first H.264 and its first AAC track, each converted by a few elements. It has a
// pipeline of its own.
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

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor. It cannot play
// over a break: open another one then.
class Demux {
 public:
  enum class Kind { video, audio };
  // The elements between tsdemux and the samples, in gst-launch's language.
  struct Chains {
    const char *video;
    const char *audio;
  };
  // No call may destroy the demux.
  class Handler {
   public:
    virtual void on_track(Kind kind) = 0;  // there is a track of this kind
    virtual void on_sample(Kind kind, GstSample *sample) = 0;
    virtual void on_tracks_known() = 0;  // there are no other tracks
    virtual void on_error(const Error &error) = 0;

   protected:
    ~Handler() = default;
  };

  static Expected<std::unique_ptr<Demux>> open(GMainContext *context, const Chains &chains, Handler &handler);
  ~Demux();
  Demux(const Demux &) = delete;
  Demux &operator=(const Demux &) = delete;

  void push(const Slice &bytes);

 private:
  Demux(GMainContext *context, const Chains &chains, Handler &handler);
  Expected<void> build();
  void link(GstPad *pad);  // a streaming thread
  void link(GstPad *pad, Kind kind);

  const Chains chains_;
  Handler &handler_;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Mailbox mailbox_;
  Tap video_, audio_;
  std::unique_ptr<BusErrors> errors_;
};

// The bytes of a buffer, copied.
Slice copy_of(GstBuffer *buffer);
Time running(const GstSegment *segment, GstClockTime time);

}  // namespace astral::media
