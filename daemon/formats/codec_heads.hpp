// SPDX-License-Identifier: BSD-3-Clause
// What coded pictures and sounds say of themselves where they begin: H.264's sequence parameters (ITU-T
// H.264, 7.3.2.1.1), ADTS (ISO/IEC 14496-3, 1.A.3) and MPEG audio's header (ISO/IEC 11172-3, 2.4.1.3). Pure;
// from strangers.
#pragma once

#include <optional>
#include <string>

#include "formats/facts.hpp"
#include "glue/bytes.hpp"

namespace astral::formats {

// Of the first sequence parameter set in a byte stream's picture. Neither codec nor what times tell.
std::optional<VideoFacts> read_h264(Bytes picture);

// Of the frame that begins here.
std::optional<AudioFacts> read_adts(Bytes frame);
std::optional<AudioFacts> read_mpeg_audio(Bytes frame);

}  // namespace astral::formats
