// SPDX-License-Identifier: BSD-3-Clause
// Publishes the media of an RTMP or WebRTC publisher: multiplexes it, without transcoding (ingest_output),
// into an astralsink of this process. Decides when all tracks are known, and what of a publisher's media can
// be decoded.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/adts.hpp"
#include "formats/h264.hpp"
#include "formats/h265.hpp"
#include "formats/rtmp/flv.hpp"
#include "formats/rtmp/session.hpp"
#include "formats/timeline.hpp"
#include "formats/ts_mux.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/ingest_output.hpp"
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
  // no_room: the pipeline does not keep up. unsupported: it cannot be carried.
  Expected<void> push(const rtmp::Media &media);
  void finish();

 private:
  struct Video {
    bool is_expected = true;
    bool is_there = false;  // a picture that a decoder can start with has come
    formats::h264::Parameters parameters = {};
    rtmp::flv::VideoCodec codec = rtmp::flv::VideoCodec::h264;
    formats::h265::Parameters hevc = {};
    std::vector<std::uint8_t> av1 = {};  // the newest sequence header
    unsigned length_size = 4;
  };
  struct Audio {
    bool is_expected = true;
    formats::TsMux::Audio type = formats::TsMux::Audio::none;
    std::optional<formats::adts::Config> config = {};
    formats::adts::Config aac = {};  // of the newest frame
    formats::mpeg_audio::Frame mp3 = {};
    unsigned channels = 2;  // of Opus
  };
  using Frame = IngestFrame;

  std::int64_t time_of(formats::Kind kind, std::uint32_t timestamp);
  Expected<void> take(std::uint32_t timestamp, const rtmp::flv::Video &video);
  Expected<void> take(std::uint32_t timestamp, const rtmp::flv::Audio &audio);
  Expected<void> take_config(const rtmp::flv::Video &video);
  bool take_avc(const rtmp::flv::Video &video, Frame &frame);
  bool take_hevc(const rtmp::flv::Video &video, Frame &frame);
  bool take_av1(const rtmp::flv::Video &video, Frame &frame);
  Expected<void> take_opus_config(Bytes head);
  std::vector<Bytes> units_of(Bytes picture) const;
  Expected<void> take(Frame frame);
  bool is_complete() const;
  IngestTracks tracks() const;
  Expected<void> deliver(const Frame &frame);
  Expected<void> build();
  void tear_down();
  void end(const Error &error);

  const std::string uri_, title_;
  const Ref<GMainContext> context_;
  const Over over_;
  bool is_over_ = false;
  Video video_;
  Audio audio_;
  guint kbps_ = 0;  // as the publisher announced it
  bool awaits_start_ = true;
  formats::Timeline timeline_;
  std::deque<Frame> pending_;  // waits until the tracks are known
  std::size_t pending_bytes_ = 0;
  Ref<GstElement> pipeline_;
  std::unique_ptr<IngestOutput> output_;
  std::unique_ptr<Mailbox> mailbox_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
