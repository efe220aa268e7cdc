// SPDX-License-Identifier: BSD-3-Clause
#include "formats/mpeg_audio.hpp"

#include <array>

namespace astral::formats::mpeg_audio {

namespace {

// kbit/s by bitrate_index; 0: free, or forbidden.
using Rates = std::array<std::uint16_t, 16>;
constexpr Rates first_i{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0};
constexpr Rates first_ii{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0};
constexpr Rates first_iii{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0};
constexpr Rates second_i{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0};
constexpr Rates second_others{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0};
constexpr std::array<std::uint32_t, 3> sampling{44'100, 48'000, 32'000};
constexpr unsigned version_1 = 3, version_2 = 2, version_2_5 = 0;
constexpr unsigned mono = 3;

}  // namespace

std::optional<Frame> read_head(Bytes bytes) {
  if (bytes.size() < head_size || bytes[0] != 0xff || (bytes[1] & 0xe0) != 0xe0) return std::nullopt;
  const unsigned version = bytes[1] >> 3 & 3u, layer_code = bytes[1] >> 1 & 3u;
  const unsigned rate_at = bytes[2] >> 4, sampling_at = bytes[2] >> 2 & 3u, padding = bytes[2] >> 1 & 1u;
  const bool is_known = version == version_1 || version == version_2 || version == version_2_5;
  if (!is_known || layer_code == 0 || sampling_at >= sampling.size()) return std::nullopt;
  Frame frame{.layer = 4 - layer_code, .channels = bytes[3] >> 6 == mono ? 1u : 2u};
  const bool is_first = version == version_1;
  frame.rate = sampling[sampling_at] / (is_first ? 1u : version == version_2 ? 2u : 4u);
  frame.samples = frame.layer == 1 ? 384 : frame.layer == 3 && !is_first ? 576 : 1152;
  const Rates &rates = is_first           ? frame.layer == 1   ? first_i
                                            : frame.layer == 2 ? first_ii
                                                               : first_iii
                       : frame.layer == 1 ? second_i
                                          : second_others;
  const std::size_t bits = std::size_t{rates[rate_at]} * 1000;
  if (bits == 0) return std::nullopt;
  const std::size_t slot = frame.layer == 1 ? 4 : 1;  // bytes
  frame.size = (static_cast<std::size_t>(frame.samples) / 8 / slot * bits / frame.rate + padding) * slot;
  return frame;
}

}  // namespace astral::formats::mpeg_audio
