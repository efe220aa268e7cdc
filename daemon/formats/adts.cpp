// SPDX-License-Identifier: BSD-3-Clause
#include "formats/adts.hpp"

namespace astral::formats::adts {

namespace {

constexpr std::array<std::uint32_t, 13> rates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                              22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
constexpr unsigned sbr = 5, ps = 29;  // audio object types that only add to AAC-LC

}  // namespace

std::uint32_t rate_of(const Config &config) {
  return rates[config.rate];
}

std::array<std::uint8_t, 2> write_config(const Config &config) {
  const unsigned bits = config.profile << 11 | config.rate << 7 | config.channels << 3;
  return {static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
}

std::optional<Config> read_config(Bytes config) {
  if (config.size() < 2) return std::nullopt;
  const unsigned bits = unsigned{config[0]} << 8 | config[1];
  Config read{.profile = bits >> 11, .rate = bits >> 7 & 0xf, .channels = bits >> 3 & 0xf};
  if (read.profile == sbr || read.profile == ps) read.profile = 2;
  if (read.profile < 1 || read.profile > 4 || read.rate >= rates.size() || read.channels > 7)
    return std::nullopt;
  return read;
}

std::optional<Frame> read_head(Bytes bytes) {
  if (bytes.size() < head_size || bytes[0] != 0xff || (bytes[1] & 0xf6) != 0xf0) return std::nullopt;
  const Frame frame{
      .config = {.profile = (bytes[2] >> 6) + 1u,
                 .rate = bytes[2] >> 2 & 0xfu,
                 .channels = (bytes[2] & 1u) << 2 | bytes[3] >> 6},
      .head = (bytes[1] & 1) != 0 ? head_size : head_size + 2,
      .size = (bytes[3] & 3u) << 11 | std::size_t{bytes[4]} << 3 | bytes[5] >> 5,
  };
  if (frame.config.rate >= rates.size() || frame.size <= frame.head) return std::nullopt;
  return frame;
}

void put_head(std::vector<std::uint8_t> &out, const Config &config, std::size_t size) {
  const std::size_t whole = size + head_size;
  for (const std::size_t byte :
       {std::size_t{0xff}, std::size_t{0xf1},
        std::size_t{(config.profile - 1) << 6 | config.rate << 2 | config.channels >> 2},
        (config.channels & 3u) << 6 | whole >> 11, whole >> 3, (whole & 7) << 5 | 0x1f, std::size_t{0xfc}})
    out.push_back(static_cast<std::uint8_t>(byte));
}

}  // namespace astral::formats::adts
