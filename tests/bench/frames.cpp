// SPDX-License-Identifier: BSD-3-Clause
#include "frames.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

namespace astral::bench {
namespace {

constexpr std::size_t packet_size = 188, packet_header = 4;
constexpr int packets_per_frame = 88;
constexpr std::uint16_t media_pid = 0x41;
constexpr std::size_t pes_header = 9, start_code = 4;
constexpr std::size_t tag_header = 11, tag_trailer = 4, avc_header = 5, nal_length = 4;
constexpr std::size_t tag_body = packets_per_frame * 184;
constexpr std::size_t flv_header = 9 + tag_trailer;
constexpr std::uint8_t video_tag = 9;

// As text, which cannot contain an H.264 start code.
std::string written(const Frame &frame) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%019" PRId64 " %09d %d", frame.pushed, frame.number, frame.key);
  return text.data();
}

bool read(Bytes at, Frame &frame) {
  const std::string text(reinterpret_cast<const char *>(at.data()), std::min<std::size_t>(at.size(), 31));
  int key = 0;
  if (std::sscanf(text.c_str(), "%" SCNd64 " %d %d", &frame.pushed, &frame.number, &key) != 3) return false;
  frame.key = key;
  return true;
}

std::uint8_t nal_type(const Frame &frame) {
  return frame.key ? 0x65 : 0x41;
}

std::array<std::uint8_t, packet_size> packet(std::uint16_t pid, bool unit_start,
                                             const std::vector<std::uint8_t> &payload) {
  std::array<std::uint8_t, packet_size> bytes;
  bytes.fill(0xff);
  bytes[0] = 0x47;
  bytes[1] = static_cast<std::uint8_t>((unit_start ? 0x40 : 0) | (pid >> 8));
  bytes[2] = static_cast<std::uint8_t>(pid);
  bytes[3] = 0x10;
  std::copy(payload.begin(), payload.end(), bytes.begin() + packet_header);
  return bytes;
}

std::uint32_t big_endian(const std::uint8_t *at, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | at[i];
  return value;
}

void put_big_endian(std::vector<std::uint8_t> &to, std::uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

std::vector<std::uint8_t> ts(const Frame &frame) {
  std::vector<std::uint8_t> bytes;
  const auto add = [&](const auto &p) { bytes.insert(bytes.end(), p.begin(), p.end()); };
  if (frame.key) {
    add(packet(0, true, {0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, 0x20, 1, 2, 3, 4}));
    add(packet(0x20, true, {0,    0x02, 0xb0, 18,   0,    1,    0xc1, 0, 0, 0xe0, 0x41,
                            0xf0, 0,    0x1b, 0xe0, 0x41, 0xf0, 0,    1, 2, 3,    4}));
  }
  std::vector<std::uint8_t> start = {0, 0, 1, 0xe0, 0, 0, 0x80, 0, 0, 0, 0, 1, nal_type(frame)};
  const std::string text = written(frame);
  start.insert(start.end(), text.begin(), text.end());
  add(packet(media_pid, true, start));
  for (int i = 1; i < packets_per_frame; ++i)
    add(packet(media_pid, false, std::vector<std::uint8_t>(184, static_cast<std::uint8_t>(frame.number))));
  return bytes;
}

std::vector<std::uint8_t> flv(const Frame &frame) {
  const auto ms = static_cast<std::uint32_t>(std::int64_t{frame.number} * 1000 / frames_per_second);
  std::vector<std::uint8_t> bytes = {video_tag};
  put_big_endian(bytes, tag_body, 3);
  put_big_endian(bytes, ms & 0xffffff, 3);
  put_big_endian(bytes, ms >> 24, 1);
  put_big_endian(bytes, 0, 3);
  bytes.insert(bytes.end(), {static_cast<std::uint8_t>(frame.key ? 0x17 : 0x27), 1, 0, 0, 0});
  put_big_endian(bytes, tag_body - avc_header - nal_length, 4);
  bytes.push_back(nal_type(frame));
  const std::string text = written(frame);
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.resize(tag_header + tag_body, 0xff);
  put_big_endian(bytes, tag_header + tag_body, tag_trailer);
  return bytes;
}

void Finder::add(Bytes bytes, const Found &found) {
  rest_.insert(rest_.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (const std::size_t size = take(Bytes(rest_).subspan(at), found)) at += size;
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(at));
}

std::size_t Finder::take(Bytes bytes, const Found &found) {
  if (bytes.size() < flv_header) return 0;
  const std::uint8_t *p = bytes.data();
  if (std::memcmp(p, "FLV", 3) == 0) return flv_header;
  if (p[0] != 0x47) {
    const std::size_t size = tag_header + big_endian(p + 1, 3) + tag_trailer;
    if (bytes.size() < size) return 0;
    if (p[0] == video_tag && size > tag_body &&
        read(bytes.subspan(tag_header + avc_header + nal_length + 1), frame_)) {
      found(frame_, false);
      found(frame_, true);
    }
    return size;
  }
  if (bytes.size() < packet_size) return 0;
  if ((big_endian(p + 1, 2) & 0x1fff) != media_pid) return packet_size;
  if (p[1] & 0x40) {
    left_ = read(bytes.subspan(packet_header + pes_header + start_code), frame_) ? packets_per_frame : 0;
    if (left_ > 0) found(frame_, false);
  } else if (p[packet_size - 1] != static_cast<std::uint8_t>(frame_.number)) {
    left_ = 0;  // a packet of another frame: the rest of this one is lost
  }
  if (left_ > 0 && --left_ == 0) found(frame_, true);
  return packet_size;
}

}  // namespace astral::bench
