// SPDX-License-Identifier: BSD-3-Clause
// What the caps of a track say of it: its codec as formats/facts.hpp names it, its size and its rates.
#pragma once

#include <gst/gst.h>

#include <string>

#include "formats/facts.hpp"

namespace astral::media {

bool is_video(const GstStructure *caps);
bool is_audio(const GstStructure *caps);

// "h264"; of a codec that has no name of ours, what GStreamer calls it: "x-dirac" is "dirac".
std::string codec_of(const GstStructure *caps);

// The element that frames this codec for a multiplexer. Null: none here does.
const char *parser_of(const std::string &codec);
// The element that finds out when pictures are decoded, where a container says only when they are shown
// (Matroska). Null: this codec needs none.
const char *timestamper_of(const std::string &codec);

// Nothing is set that the caps do not say.
formats::VideoFacts video_facts(const GstStructure *caps);
formats::AudioFacts audio_facts(const GstStructure *caps);

}  // namespace astral::media
