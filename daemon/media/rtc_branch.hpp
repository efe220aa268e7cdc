// SPDX-License-Identifier: BSD-3-Clause
// Converts a stream from MPEG-TS to what WebRTC sends, for all its players: H.264 and Opus unchanged, AAC and
// MPEG audio as Opus. Its times continue over a break, so that connected players see one stream.
#pragma once

#include <memory>

#include "formats/pictures.hpp"
#include "formats/timeline.hpp"
#include "formats/ts_demux.hpp"
#include "formats/webrtc/plan.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/branch.hpp"
#include "media/opus.hpp"

namespace astral::media {

// **Thread**: one context.
class RtcBranch : public Branch {
 public:
  explicit RtcBranch(GMainContext *context);

  void on_frame(const Slice &frame, bool is_start) override;
  void on_break() override;
  void on_over(const Error &error) override;

 private:
  void take(const formats::Unit &unit);
  void take_sound(const formats::Unit &unit, Time time);
  void take_picture(const formats::Unit &unit, Time time, Time came);
  void tell_tracks();
  bool has_video() const { return demux_.tracks().video == formats::Codec::h264; }
  void send_sound(Time time, Bytes packet);

  const Ref<GMainContext> context_;
  formats::TsDemux demux_;
  formats::Timeline timeline_;
  formats::Pictures pictures_;
  webrtc::Tracks tracks_;
  bool are_tracks_told_ = false;
  std::unique_ptr<Opus> opus_;
};

}  // namespace astral::media
