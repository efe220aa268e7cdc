// SPDX-License-Identifier: BSD-3-Clause
// Converts a stream from MPEG-TS to FLV or to RTMP messages, for all players of that format. A Demux takes
// the MPEG-TS apart; the FLV is written here.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "formats/player.hpp"
#include "formats/rtmp/flv.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/branch.hpp"
#include "media/demux.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from the first piece to the destructor.
class FlvBranch : public Branch, private Demux::Handler {
 public:
  FlvBranch(formats::Format format, GMainContext *context);
  ~FlvBranch() override;

  void on_frame(const Slice &frame, bool is_start) override;
  void on_break() override;

 private:
  struct Unit {
    bool is_key;
    Time decoded;
    Time shown;
    Time came;
    Slice data;
  };
  struct Track {
    bool is_there = false;
    Slice config = {};
    std::deque<Unit> units = {};  // wait for earlier units of the other track
  };

  Track &track_of(Demux::Kind kind) { return kind == Demux::Kind::video ? video_ : audio_; }
  void on_track(Demux::Kind kind) override { track_of(kind).is_there = true; }
  void on_sample(Demux::Kind kind, GstSample *sample) override;
  void on_tracks_known() override;
  void on_error(const Error &error) override { out_.end(error); }
  void set_config(Track &track, Slice config);
  void flush();
  Track *next();
  void write(const Track &track, const Unit &unit);
  void write_header(bool is_news);
  void frame(rtmp::Buffer &out, rtmp::Type type, std::uint32_t timestamp, Bytes body) const;
  std::uint32_t timestamp_of(Time time) const;

  const formats::Format format_;
  const Ref<GMainContext> context_;
  Track video_, audio_;
  bool are_tracks_known_ = false;
  bool is_header_out_ = false;
  std::optional<Time> offset_;  // what to add to the times of this demux
  Time newest_{};               // of what has been written
  std::unique_ptr<Demux> demux_;
};

}  // namespace astral::media
