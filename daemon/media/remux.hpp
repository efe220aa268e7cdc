// SPDX-License-Identifier: BSD-3-Clause
// Remultiplexes a stream's container (Matroska, FLV, …) without transcoding: to MPEG-TS, and to fragmented
// MP4 if a track needs that in HLS (formats/carriage.hpp). It takes the first track of each kind that can be
// carried, and leaves the others out. It has a pipeline of its own, so that an error ends nothing else.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/facts.hpp"
#include "formats/mp4.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor.
class Remux {
 public:
  // All run as tasks on the context.
  struct Handler {
    // The first tracks of the media, as far as the container describes them; again when it says more.
    std::function<void(const formats::Facts &)> on_tracks;
    std::function<void(GstSample *)> on_ts;      // MPEG-TS. Must not destroy the remux, as the next two
    std::function<void(const Slice &)> on_init;  // an initialization segment; fragments follow
    std::function<void(formats::mp4::Clock::Piece)> on_fragment;
    std::function<void()> on_end;  // after finish(), when all media has come out; may destroy it
    // At most once; may destroy it. unsupported: not this media.
    std::function<void(const Error &)> on_fail;
  };
  enum class To : std::uint8_t { mpegts_and_mp4, mp4 };

  // `caps`: of the buffers that will be pushed; are_plain(). Pushes their streamheader first.
  static Expected<std::unique_ptr<Remux>> open(GstCaps *caps, To to, GMainContext *context, Handler handler);
  ~Remux();
  Remux(const Remux &) = delete;
  Remux &operator=(const Remux &) = delete;

  void push(GstBuffer *buffer);  // the next one after the streamheader
  void finish();                 // no buffer follows
  // Whether HLS takes fragments of MP4. Known before on_ts.
  bool makes_fragments() const { return makes_fragments_; }
  bool has_delivered() const { return has_delivered_; }  // media, of either kind

 private:
  struct Track {
    Ref<GstPad> pad;
    std::string codec;
    bool is_video = false;
  };

  struct Waiting {  // a pad at which data waits
    Ref<GstPad> pad;
    gulong probe = 0;
  };

  // Of the first frame, by formats::Kind, as mp4mux gets it. Written before mp4mux writes anything.
  struct Start {
    std::optional<Time> shown;
    std::vector<std::uint8_t> head;  // its first bytes
  };

  Remux(To to, GMainContext *context, Handler handler);
  Expected<void> build(GstCaps *caps);
  // On streaming threads.
  void add(GstPad *pad);
  void take_pads();
  Expected<void> link(const std::vector<Waiting> &pads);
  Expected<void> link(const std::vector<Track> &tracks);
  Expected<void> link_late(GstPad *pad);
  Expected<void> link(const Track &track);
  Expected<void> drop(GstPad *pad);
  Expected<void> to_muxer(GstElement *from, GstPad *pad, const Track &track, bool is_mp4);
  Start &start_of(formats::Kind kind) { return starts_[static_cast<std::size_t>(kind)]; }
  void watch_start(GstElement *last, bool is_video);
  void watch_caps(GstPad *pad);
  void post_facts(const formats::Facts &news);  // any thread
  void take_boxes(GstSample *sample);
  void end_tap();
  void post_failure(Error error);  // any thread

  const To to_;
  const Handler handler_;
  bool failed_ = false;
  formats::Facts facts_;
  bool has_delivered_ = false;
  int ended_taps_ = 0;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Ref<GstElement> ts_muxer_, mp4_muxer_;
  std::vector<Waiting> pads_;  // of the streaming threads: written before data comes
  std::atomic<bool> are_pads_taken_ = false;
  std::atomic<bool> makes_fragments_ = false;
  std::array<Start, 2> starts_;
  formats::mp4::Cutter cutter_;
  formats::mp4::Clock clock_;
  Mailbox mailbox_;
  Tap ts_tap_, mp4_tap_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
