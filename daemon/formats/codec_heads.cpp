// SPDX-License-Identifier: BSD-3-Clause
#include "formats/codec_heads.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "formats/bits.hpp"
#include "formats/mpeg_audio.hpp"

namespace astral::formats {

namespace {

constexpr unsigned sequence_parameters = 7, sequence_parameters_h265 = 33;  // nal_unit_type
constexpr std::size_t longest_set = 512;   // bytes; the rest of a longer one is not read
constexpr unsigned largest_side = 16'384;  // pixels
constexpr unsigned fastest = 1000;         // frames per second
constexpr unsigned most_cycle_offsets = 255;
constexpr unsigned extended_aspect = 255;
constexpr unsigned yuv_444 = 3;
constexpr unsigned most_more_bits = 6;  // 14 bits

// The first NAL unit whose first byte has that type, without that byte and emulation prevention bytes.
std::vector<std::uint8_t> find_unit(Bytes picture, unsigned type, unsigned shift = 0, unsigned mask = 0x1f) {
  std::vector<std::uint8_t> unit;
  for (std::size_t at = 0; at + 4 <= picture.size(); ++at) {
    const bool is_start = picture[at] == 0 && picture[at + 1] == 0 && picture[at + 2] == 1;
    if (!is_start || (picture[at + 3] >> shift & mask) != type) continue;
    unsigned zeros = 0;
    for (const std::uint8_t byte : picture.subspan(at + 4)) {
      const bool is_inserted = zeros >= 2 && byte == 3;
      if (zeros >= 2 && byte == 1) break;
      zeros = byte == 0 ? zeros + 1 : 0;
      if (!is_inserted) unit.push_back(byte);
      if (unit.size() == longest_set) break;
    }
    return unit;
  }
  return unit;
}

void skip_scaling_list(Bits &in, unsigned size) {
  int last = 8, next = 8;
  for (unsigned i = 0; i < size && !in.is_over(); ++i) {
    if (next != 0) next = (last + in.signed_exponential() % 256 + 256) % 256;
    last = next == 0 ? last : next;
  }
}

// Only profiles that allow more than 4:2:0 with 8 bits have these fields. False: they cannot be right.
bool read_high_profile(Bits &in, VideoFacts &facts) {
  facts.chroma = in.exponential();
  if (facts.chroma > yuv_444) return false;
  if (facts.chroma == yuv_444) in.skip(1);
  const unsigned luma = in.exponential(), chroma = in.exponential();
  if (std::max(luma, chroma) > most_more_bits) return false;
  facts.bits = VideoFacts::usual_bits + std::max(luma, chroma);
  in.skip(1);
  if (!in.flag()) return true;
  for (unsigned i = 0; i < (facts.chroma == yuv_444 ? 12u : 8u); ++i)
    if (in.flag()) skip_scaling_list(in, i < 6 ? 16 : 64);
  return true;
}

void skip_picture_order(Bits &in) {
  const unsigned type = in.exponential();
  if (type == 0) in.exponential();
  if (type != 1) return;
  in.skip(1);
  in.exponential();
  in.exponential();
  const unsigned count = std::min(in.exponential(), most_cycle_offsets);
  for (unsigned i = 0; i < count; ++i) in.exponential();
}

// Reads the VUI parameters up to the timing information. A tick is the time of one field.
void read_usability(Bits &in, VideoFacts &facts) {
  if (in.flag() && in.take(8) == extended_aspect) in.skip(32);
  if (in.flag()) in.skip(1);
  if (in.flag()) {
    in.skip(4);
    if (in.flag()) in.skip(24);
  }
  if (in.flag()) {
    in.exponential();
    in.exponential();
  }
  if (!in.flag()) return;
  const std::uint64_t tick = in.take(32), scale = in.take(32);
  const std::uint64_t common = std::gcd(tick * 2, scale);
  if (in.is_over() || tick == 0 || scale < tick * 2 || scale > tick * 2 * fastest) return;
  if (tick * 2 / common > UINT32_MAX) return;
  facts.frames = static_cast<unsigned>(scale / common);
  facts.seconds = static_cast<unsigned>(tick * 2 / common);
}

bool has_high_profile(unsigned profile) {
  constexpr std::array high{100u, 110u, 122u, 244u, 44u, 83u, 86u, 118u, 128u, 138u, 139u, 134u, 135u};
  return std::find(high.begin(), high.end(), profile) != high.end();
}

}  // namespace

std::optional<VideoFacts> read_h264(Bytes picture) {
  const std::vector<std::uint8_t> unit = find_unit(picture, sequence_parameters);
  Bits in(unit);
  const unsigned profile = in.take(8);
  in.skip(16);
  in.exponential();
  VideoFacts facts;
  if (has_high_profile(profile) && !read_high_profile(in, facts)) return std::nullopt;
  const unsigned chroma = facts.chroma;
  in.exponential();
  skip_picture_order(in);
  in.exponential();
  in.skip(1);
  const std::uint64_t columns = in.exponential() + 1ull, rows = in.exponential() + 1ull;
  const bool is_progressive = in.flag();
  if (!is_progressive) in.skip(1);
  in.skip(1);
  std::array<std::uint64_t, 4> crop{};  // left, right, top, bottom
  if (in.flag())
    for (std::uint64_t &side : crop) side = in.exponential();
  const std::uint64_t fields = is_progressive ? 1 : 2;
  const std::uint64_t across = chroma == 1 || chroma == 2 ? 2 : 1, down = (chroma == 1 ? 2 : 1) * fields;
  const std::uint64_t width = columns * 16, height = rows * 16 * fields;
  const std::uint64_t cut_across = (crop[0] + crop[1]) * across, cut_down = (crop[2] + crop[3]) * down;
  const bool is_good = !in.is_over() && width <= largest_side && height <= largest_side &&
                       cut_across < width && cut_down < height;
  if (!is_good) return std::nullopt;
  facts.width = static_cast<unsigned>(width - cut_across);
  facts.height = static_cast<unsigned>(height - cut_down);
  if (in.flag()) read_usability(in, facts);
  return facts;
}

namespace {

// profile_tier_level (7.3.3).
void skip_profile(Bits &in, unsigned more_layers) {
  constexpr unsigned most_layers = 8, profile = 88, level = 8;
  in.skip(profile + level);
  std::size_t size = 0;
  for (unsigned i = 0; i < more_layers; ++i) {
    if (in.flag()) size += profile;
    if (in.flag()) size += level;
  }
  if (more_layers > 0) in.skip(std::size_t{2} * (most_layers - more_layers));
  in.skip(size);
}

}  // namespace

std::optional<VideoFacts> read_h265(Bytes picture) {
  const std::vector<std::uint8_t> unit = find_unit(picture, sequence_parameters_h265, 1, 0x3f);
  Bits in(unit);
  in.skip(8 + 4);  // the rest of the unit's head; which VPS
  const unsigned more_layers = in.take(3);
  in.skip(1);
  skip_profile(in, more_layers);
  in.exponential();
  VideoFacts facts;
  facts.chroma = in.exponential();
  if (facts.chroma == yuv_444) in.skip(1);
  const std::uint64_t width = in.exponential(), height = in.exponential();
  std::array<std::uint64_t, 4> crop{};  // left, right, top, bottom
  if (in.flag())
    for (std::uint64_t &side : crop) side = in.exponential();
  const unsigned more_bits = std::max(in.exponential(), in.exponential());
  const std::uint64_t across = facts.chroma == 1 || facts.chroma == 2 ? 2 : 1,
                      down = facts.chroma == 1 ? 2 : 1;
  const std::uint64_t cut_across = (crop[0] + crop[1]) * across, cut_down = (crop[2] + crop[3]) * down;
  const bool is_good = !in.is_over() && facts.chroma <= yuv_444 && more_bits <= most_more_bits &&
                       width <= largest_side && height <= largest_side && cut_across < width &&
                       cut_down < height;
  if (!is_good) return std::nullopt;
  facts.width = static_cast<unsigned>(width - cut_across);
  facts.height = static_cast<unsigned>(height - cut_down);
  facts.bits = VideoFacts::usual_bits + more_bits;
  return facts;
}

std::optional<AudioFacts> read_adts(Bytes frame) {
  constexpr std::array rates{96'000u, 88'200u, 64'000u, 48'000u, 44'100u, 32'000u, 24'000u,
                             22'050u, 16'000u, 12'000u, 11'025u, 8'000u,  7'350u};
  if (frame.size() < 4 || frame[0] != 0xff || (frame[1] & 0xf6) != 0xf0) return std::nullopt;
  const std::size_t rate = frame[2] >> 2 & 0xfu;
  const unsigned layout = (frame[2] & 1u) << 2 | frame[3] >> 6;
  if (rate >= rates.size()) return std::nullopt;
  return AudioFacts{"aac", rates[rate], layout == 7 ? 8 : layout};
}

std::optional<AudioFacts> read_mpeg_audio(Bytes frame) {
  const auto head = mpeg_audio::read_head(frame);
  if (!head) return std::nullopt;
  return AudioFacts{"mp" + std::to_string(head->layer), head->rate, head->channels};
}

}  // namespace astral::formats
