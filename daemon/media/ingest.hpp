// SPDX-License-Identifier: BSD-3-Clause
// Publishes the media of an RTMP or WebRTC publisher: multiplexes it to MPEG-TS, without transcoding, into an
// astralsink of this process. Decides when all tracks are known, and how timestamps continue when a publisher
// returns.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "formats/rtmp/flv.hpp"
#include "formats/rtmp/session.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/tap.hpp"

namespace astral::media {

// The bit rate that OBS and ffmpeg announce in onMetaData; 0: none.
guint announced_kbps(const rtmp::Metadata &metadata);

// **Thread**: one context. **Owns** its pipeline, which runs from the first media to the destructor. Several
// publishers may feed it, one after another.
class Ingest {
 public:
  // Called once, as a task on the context; may destroy the ingest. not_found: finish() has sent all media.
  using Over = std::function<void(const Error &)>;

  // `uri`: astral://HOST:PORT/SLUG of the stream.
  Ingest(std::string uri, std::string title, GMainContext *context, Over over);
  ~Ingest();
  Ingest(const Ingest &) = delete;
  Ingest &operator=(const Ingest &) = delete;

  void begin();  // another publisher continues: times go on, and video starts at its first key frame
  void expect(const rtmp::Metadata &metadata);
  Expected<void> push(const rtmp::Media &media);  // no_room: the pipeline does not keep up
  void finish();

 private:
  struct Track {
    bool is_expected = true;
    bool is_mp3 = false;
    bool is_there = false;  // decodable media has come
    Slice config = {};
    Ref<GstAppSrc> source = {};
  };
  struct Frame {
    bool is_video = false;
    bool is_key = false;
    Time time{};             // DTS
    std::int32_t shown = 0;  // ms from DTS to PTS
    Slice data;
  };

  Time time_of(std::uint32_t timestamp);
  bool is_complete() const;
  Ref<GstCaps> caps_of(const Track &track) const;
  Expected<void> take_config(Track &track, const Slice &config);
  Expected<void> take(Time time, const rtmp::flv::Video &video);
  Expected<void> take(Time time, const rtmp::flv::Audio &audio);
  Expected<void> take(Frame frame);
  Expected<void> deliver(const Frame &frame);
  Expected<void> build();
  Expected<void> add(Track &track, const char *parser_name, GstElement *muxer);
  void tear_down();
  void end(const Error &error);

  const std::string uri_, title_;
  const Ref<GMainContext> context_;
  const Over over_;
  bool is_over_ = false;
  Track video_, audio_;
  guint kbps_ = 0;  // as the publisher announced it
  bool awaits_key_ = true;
  std::optional<std::uint32_t> timestamp_;  // of the newest media of this publisher
  Time time_{};                             // the same moment on our timeline
  Time heard_{};                            // when that media came
  std::deque<Frame> pending_;               // waits until the tracks are known
  std::size_t pending_bytes_ = 0;
  Ref<GstElement> pipeline_;
  Time origin_{};                     // the pipeline's time 0 on our timeline
  std::unique_ptr<Mailbox> mailbox_;  // one per pipeline, so that tasks of an earlier pipeline are discarded
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
