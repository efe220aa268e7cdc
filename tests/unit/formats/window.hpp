// SPDX-License-Identifier: BSD-3-Clause
// What the tests of the HLS window share: a publisher, and lines of a playlist.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "formats/playlist.hpp"

namespace astral::formats {

inline constexpr std::size_t packet = 188;

inline Slice pattern(std::uint8_t second, std::uint8_t third, std::size_t size = packet) {
  std::vector<std::uint8_t> bytes(size, 0xff);
  bytes[0] = 0x47;
  bytes[1] = second;
  bytes[2] = third;
  return Slice::copy(bytes);
}
inline Slice pat() {
  return pattern(0x40, 0x00);
}
inline Slice video(std::size_t size = packet) {
  return pattern(0x01, 0x00, size);
}

// A publisher with a clock of its own. 2022-11-04T10:00:00Z is when the first piece arrives.
class Publisher {
 public:
  explicit Publisher(HlsWindow &window) : window_(window) {}

  void group(Time length, Time step = 100ms, std::size_t size = packet) {
    ++id_;
    for (Time at{}; at < length; at += step) window_.push({id_, pts_ + at, video(size), false}, wall(at));
    pts_ += length;
  }
  void groups(int count, Time length, Time step = 100ms, std::size_t size = packet) {
    for (int i = 0; i < count; ++i) group(length, step, size);
  }
  void jump(std::uint64_t ids, Time time) {
    id_ += ids;
    pts_ += time;
  }
  Time pts() const { return pts_; }
  std::uint64_t id() const { return id_; }

 private:
  WallTime wall(Time at) const {
    return WallTime(std::chrono::seconds(1667556000)) +
           std::chrono::duration_cast<WallTime::duration>(pts_ + at);
  }

  HlsWindow &window_;
  std::uint64_t id_ = 1000;
  Time pts_ = 0s;
};

inline std::vector<std::string> lines(const std::string &playlist, const std::string &start) {
  std::vector<std::string> found;
  std::size_t at = 0;
  while (at < playlist.size()) {
    const std::size_t end = playlist.find('\n', at);
    const std::string line = playlist.substr(at, end - at);
    if (line.starts_with(start)) found.push_back(line.substr(start.size()));
    at = end + 1;
  }
  return found;
}

// The newest complete segment's number; 0: none.
inline std::uint64_t newest_segment(const std::string &playlist) {
  std::uint64_t newest = 0;
  for (const std::string &line : lines(playlist, "")) newest = parse_segment_name(line).value_or(newest);
  return newest;
}

inline std::string only(const std::string &playlist, const std::string &start) {
  const auto found = lines(playlist, start);
  return found.size() == 1 ? found.front() : std::to_string(found.size()) + " lines";
}

}  // namespace astral::formats
