// SPDX-License-Identifier: BSD-3-Clause
#include "formats/opus_packet.hpp"

#include <array>

namespace astral::formats::opus {

namespace {

constexpr std::uint8_t mark = 0x7f, mark_rest = 0xe0;  // eleven bits
constexpr std::uint8_t trims_start = 0x10, trims_end = 0x08, is_extended = 0x04;
constexpr std::size_t trim_size = 2;
constexpr std::int64_t longest = rate * 120 / 1000;  // samples

}  // namespace

std::optional<Frame> read_head(Bytes bytes) {
  if (bytes.size() < least_head || bytes[0] != mark || (bytes[1] & mark_rest) != mark_rest)
    return std::nullopt;
  std::size_t at = 2, size = 0;
  std::uint8_t part = 0xff;
  while (part == 0xff) {
    if (at >= bytes.size()) return std::nullopt;
    part = bytes[at++];
    size += part;
  }
  if ((bytes[1] & trims_start) != 0) at += trim_size;
  if ((bytes[1] & trims_end) != 0) at += trim_size;
  if ((bytes[1] & is_extended) != 0) at += at < bytes.size() ? std::size_t{1} + bytes[at] : 1;
  if (size == 0 || at > bytes.size() || size > bytes.size() - at) return std::nullopt;
  const std::int64_t samples = samples_of(bytes.subspan(at, size));
  if (samples == 0) return std::nullopt;
  return Frame{.head = at, .size = at + size, .samples = samples};
}

void put_head(std::vector<std::uint8_t> &out, std::size_t size) {
  out.insert(out.end(), {mark, mark_rest});
  for (; size >= 0xff; size -= 0xff) out.push_back(0xff);
  out.push_back(static_cast<std::uint8_t>(size));
}

std::int64_t samples_of(Bytes packet) {
  if (packet.empty()) return 0;
  constexpr std::array<std::int64_t, 4> silk{480, 960, 1920, 2880}, hybrid{480, 960, 480, 960},
      celt{120, 240, 480, 960};
  const unsigned config = packet[0] >> 3, code = packet[0] & 3u;
  const std::int64_t frame = (config < 12 ? silk : config < 16 ? hybrid : celt)[config & 3];
  if (code == 3 && packet.size() < 2) return 0;
  const std::int64_t count = code == 0 ? 1 : code == 3 ? packet[1] & 0x3f : 2;
  return count * frame <= longest ? count * frame : 0;
}

std::vector<std::uint8_t> write_id(unsigned channels) {
  constexpr std::uint8_t version = 1, one_stream = 0;
  std::vector<std::uint8_t> out{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', version};
  out.push_back(static_cast<std::uint8_t>(channels));
  constexpr std::uint8_t skip[] = {0, 0}, gain[] = {0, 0};
  out.insert(out.end(), std::begin(skip), std::end(skip));
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::uint8_t>(rate >> shift));
  out.insert(out.end(), std::begin(gain), std::end(gain));
  out.push_back(one_stream);
  return out;
}

}  // namespace astral::formats::opus
