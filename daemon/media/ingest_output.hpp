// SPDX-License-Identifier: BSD-3-Clause
// In which container a publisher's frames travel: MPEG-TS, or Matroska if MPEG-TS cannot hold a codec (AV1).
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "formats/adts.hpp"
#include "formats/mpeg_audio.hpp"
#include "formats/rtmp/flv.hpp"
#include "formats/timeline.hpp"
#include "formats/ts_mux.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"

namespace astral::media {

struct IngestFrame {
  formats::Kind kind = formats::Kind::video;
  bool is_start = false;
  std::int64_t decoded = 0;  // 90 kHz, on our time line
  std::int64_t shown = 0;
  std::vector<std::uint8_t> data = {};  // as TsMux takes it; of AV1, a temporal unit without delimiter
};

struct IngestTracks {
  std::optional<rtmp::flv::VideoCodec> video = {};
  std::vector<std::uint8_t> av1 = {};  // the newest sequence header
  formats::TsMux::Audio audio = formats::TsMux::Audio::none;
  formats::adts::Config aac = {};
  formats::mpeg_audio::Frame mp3 = {};
  unsigned channels = 2;  // of Opus
};

// **Thread**: one context. The pipeline outlives it.
class IngestOutput {
 public:
  virtual ~IngestOutput() = default;
  // no_room: the pipeline does not keep up. unsupported: this container cannot take these tracks any more.
  virtual Expected<void> write(const IngestFrame &frame, const IngestTracks &tracks) = 0;
  virtual void finish() = 0;

  // Adds its elements to `bin` and links them to `sink`.
  static Expected<std::unique_ptr<IngestOutput>> open(GstBin *bin, GstElement *sink,
                                                      const IngestTracks &tracks);
};

}  // namespace astral::media
