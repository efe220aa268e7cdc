// SPDX-License-Identifier: BSD-3-Clause
// Reads the headers of coded video and audio: the sequence parameter sets of H.264 (ITU-T H.264, 7.3.2.1.1)
// and H.265 (ITU-T H.265, 7.3.2.2.1), ADTS
// (ISO/IEC 14496-3, 1.A.3) and MPEG audio's header (ISO/IEC 11172-3, 2.4.1.3). Pure; the input is not
// trusted.
#pragma once

#include <optional>
#include <string>

#include "formats/facts.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

// From the first sequence parameter set of an access unit with start codes. Leaves out codec and key frames.
std::optional<VideoFacts> read_h264(Bytes picture);
std::optional<VideoFacts> read_h265(Bytes picture);  // without the frame rate

// From the frame that `frame` begins with.
std::optional<AudioFacts> read_adts(Bytes frame);
std::optional<AudioFacts> read_mpeg_audio(Bytes frame);

}  // namespace astral::formats
