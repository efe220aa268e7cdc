// SPDX-License-Identifier: BSD-3-Clause
// How far apart the key frames of a track are, and whether its pictures are shown in another order than they
// are decoded, by the times of the last groups. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace astral::formats {

class Groups {
 public:
  static constexpr std::int64_t second = 90'000;  // ticks
  static constexpr std::size_t most = 5;          // several: encoders add key frames at scene changes
  static constexpr std::int64_t longest_group = 600 * second;  // a larger step means another clock

  // Of each picture in order; 90 kHz, without wraps.
  void take(bool is_key, std::int64_t decoded, std::int64_t shown);
  void skip();  // the next picture does not continue the last one
  // The longest distance between key frames, in tenths of a second; 0: unknown. The unfinished group counts
  // as soon as it is too long, in whole seconds.
  double longest_seconds() const;
  bool has_b_frames() const;

 private:
  struct Group {  // from one key frame to the next
    std::int64_t length = 0;
    bool has_b_frames = false;
  };

  std::optional<std::int64_t> key_;           // when the newest key frame is decoded
  std::optional<std::int64_t> latest_shown_;  // the largest in its group
  Group group_;
  std::deque<Group> groups_;  // the last complete ones
};

}  // namespace astral::formats
