// SPDX-License-Identifier: BSD-3-Clause
// Converts a stream from MPEG-TS to FLV or to RTMP messages, for all players of that format. Decides in which
// order picture and sound are written, and with which times. It needs no pipeline.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "formats/pictures.hpp"
#include "formats/player.hpp"
#include "formats/rtmp/flv.hpp"
#include "formats/timeline.hpp"
#include "formats/ts_demux.hpp"
#include "glue/bytes.hpp"
#include "glue/loop.hpp"
#include "glue/time.hpp"
#include "media/branch.hpp"

namespace astral::media {

// **Thread**: one context.
class FlvBranch : public Branch {
 public:
  FlvBranch(formats::Format format, GMainContext *context);

  void on_frame(const Slice &frame, bool is_start) override;
  void on_break() override;
  void on_over(const Error &error) override;

 private:
  struct Frame {
    bool is_video = false;
    bool is_start = false;
    formats::Codec codec = {};
    std::int64_t decoded = 0;  // on our time line; 90 kHz
    std::int64_t shown = 0;    // ticks after that
    Time came{};
    Slice data = {};
    Slice config = {};  // of the decoder; MP3 has none
  };

  void take(formats::Unit &&unit);
  bool take_sound(formats::Unit &unit, Frame &frame);
  bool take_picture(const formats::Unit &unit, Frame &frame);
  std::deque<Frame> *next();  // null: none yet
  void flush();
  struct Told {  // what the header says of a track
    formats::Codec codec = {};
    Slice config = {};
  };
  std::optional<Told> &told_of(const Frame &frame) { return frame.is_video ? told_video_ : told_audio_; }
  bool is_told(const Frame &frame);
  void tell(const Frame &frame);
  void write(const Frame &frame);
  void write_header(bool is_news);
  void put(rtmp::Buffer &out, rtmp::Type type, std::uint32_t timestamp, Bytes body) const;
  std::uint32_t timestamp_of(std::int64_t ticks) const;

  const formats::Format format_;
  formats::TsDemux demux_;
  formats::Timeline timeline_;
  formats::Pictures pictures_;
  unsigned config_version_ = 0;      // of pictures_, when video_config_ was made
  Slice video_config_;               // of the newest picture
  std::deque<Frame> video_, audio_;  // wait for earlier frames of the other track
  std::optional<Told> told_video_, told_audio_;
  bool has_foreign_sound_ = false;  // the newest audio frame is one that FLV does not carry
  bool is_header_out_ = false;
  std::int64_t origin_ = 0;  // our time line's moment that has the timestamp 0
  std::int64_t newest_ = 0;  // of what has been written
  bool is_over_ = false;     // nothing more comes
  Timer timer_;
};

}  // namespace astral::media
