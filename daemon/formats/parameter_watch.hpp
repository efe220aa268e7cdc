// SPDX-License-Identifier: BSD-3-Clause
// Notices in passing MPEG-TS that the parameters of a codec change: a player needs a discontinuity there
// (RFC 8216, 4.3.2.3). Reads the parameter sets of H.264 or H.265, and ADTS headers. Pure; the input is not
// trusted.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/adts.hpp"
#include "formats/h264.hpp"
#include "formats/h265.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

class ParameterWatch {
 public:
  // The picture is H.265, else H.264.
  void set_hevc(bool is_hevc) { is_hevc_ = is_hevc; }
  // Whether this piece of whole TS packets begins a picture or an audio frame with other parameters than
  // before.
  bool has_changed(Bytes piece);

 private:
  bool look_at_picture(Bytes head);
  bool look_at_sound(Bytes frame);

  bool is_hevc_ = false;
  h264::Parameters video_;
  h265::Parameters hevc_;
  std::optional<adts::Config> audio_;
};

}  // namespace astral::formats
