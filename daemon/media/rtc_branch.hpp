// SPDX-License-Identifier: BSD-3-Clause
// Converts a stream from MPEG-TS to what WebRTC sends, for all its players: H.264 unchanged, AAC as Opus. Its
// times continue over a break about as fast as the clock, so that connected players see one stream.
#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>

#include "formats/webrtc/plan.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/branch.hpp"
#include "media/demux.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from the first piece to the destructor.
class RtcBranch : public Branch, private Demux::Handler {
 public:
  explicit RtcBranch(GMainContext *context);

  void on_frame(const Slice &frame, bool is_start) override;
  void on_break() override;

 private:
  void on_track(Demux::Kind kind) override;
  void on_sample(Demux::Kind kind, GstSample *sample) override;
  void on_tracks_known() override;
  void on_error(const Error &error) override { out_.end(error); }
  void tell_tracks();

  const Ref<GMainContext> context_;
  const Time began_;
  webrtc::Tracks tracks_;
  bool are_tracks_known_ = false;
  bool are_tracks_told_ = false;
  std::optional<Time> offset_;  // what to add to the times of this demux
  Time newest_{};               // of what has been written
  std::unique_ptr<Demux> demux_;
};

}  // namespace astral::media
