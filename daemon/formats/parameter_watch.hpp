// SPDX-License-Identifier: BSD-3-Clause
// Notices in passing MPEG-TS that the parameters of a codec change: a player needs a discontinuity there
// (RFC 8216, 4.3.2.3). Reads H.264's parameter sets and ADTS headers. Pure; the input is not trusted.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/adts.hpp"
#include "formats/h264.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

class ParameterWatch {
 public:
  // Whether this piece of whole TS packets begins a picture or an audio frame with other parameters than
  // before.
  bool has_changed(Bytes piece);

 private:
  bool look_at_picture(Bytes head);
  bool look_at_sound(Bytes frame);

  h264::Parameters video_;
  std::optional<adts::Config> audio_;
};

}  // namespace astral::formats
