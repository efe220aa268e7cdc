// SPDX-License-Identifier: BSD-3-Clause
// What a publisher sends by RTMP, made into MPEG-TS and published through an astralsink of this process. The
// coded pictures and sounds stay as they are. Decides when the tracks are known, and how times go on when a
// publisher comes back.
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

// **Thread**: one context. **Owns** its pipeline, which runs from the first media to the destructor. One
// publisher after the other may feed it.
class Ingest {
 public:
  // Once, as a letter; may destroy the ingest. not_found: after finish(), everything is out.
  using Over = std::function<void(const Error &)>;

  // `uri`: of the stream, astral://HOST:PORT/SLUG.
  Ingest(std::string uri, std::string title, GMainContext *context, Over over);
  ~Ingest();
  Ingest(const Ingest &) = delete;
  Ingest &operator=(const Ingest &) = delete;

  void begin();  // another publisher goes on: times continue, the picture from its first key frame
  void expect(const rtmp::Metadata &metadata);
  Expected<void> push(const rtmp::Media &media);  // no_room: the pipeline does not keep up
  void finish();

 private:
  struct Track {
    bool is_expected = true;
    bool is_mp3 = false;
    bool is_there = false;  // something came that can be decoded
    Slice config = {};
    Ref<GstAppSrc> source = {};
  };
  struct Frame {
    bool is_video = false;
    bool is_key = false;
    Time time{};             // of decoding
    std::int32_t shown = 0;  // ms later
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
  bool awaits_key_ = true;
  std::optional<std::uint32_t> timestamp_;  // of the newest media of this publisher
  Time time_{};                             // what that is here
  Time heard_{};                            // when it came
  std::deque<Frame> pending_;               // until the tracks are known
  std::size_t pending_bytes_ = 0;
  Ref<GstElement> pipeline_;
  Time origin_{};                     // of the pipeline, among our times
  std::unique_ptr<Mailbox> mailbox_;  // of one pipeline: what an earlier one posted is not read
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
