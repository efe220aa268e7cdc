// SPDX-License-Identifier: BSD-3-Clause
// Maps the times of a publisher's picture and sound to one time line that goes on: it never goes back, and
// runs as fast as the publisher's clocks do. Decides whether a step is a pause or a clock that has jumped,
// for each track by itself, so that picture and sound keep their distance. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "glue/time.hpp"

namespace astral::formats {

enum class Kind : std::uint8_t { video, audio };

// **Units**: ticks of 90 kHz.
class Timeline {
 public:
  static constexpr std::int64_t second = 90'000;
  // A track that is so far ahead of the clock and of the other track has jumped.
  static constexpr std::int64_t most_ahead = 2 * second;
  // Smaller steps back are a publisher's inaccuracy: the frame gets the time after the last one.
  static constexpr std::int64_t least_back = second / 10;
  // A jump of one track is the jump of the other one too, if that brings it this close to where it ought to
  // be.
  static constexpr std::int64_t same_jump = second;
  // Picture and sound that begin further apart than this come from clocks that have nothing to do with each
  // other. They get the time at which they come.
  static constexpr std::int64_t most_apart = 15 * second;

  // `round`: the publisher's times wrap there.
  explicit Timeline(std::int64_t round) : round_(round) {}

  // The time of decoding on our time line for a frame with the publisher's time `in`, which came at `now`.
  std::int64_t map(Kind kind, std::int64_t in, Time now);
  // Another clock follows. Its times continue after the last ones, as late as the pause was long.
  void restart();
  // Whether the last map() found that the clock has jumped, or began a track.
  bool has_jumped() const { return has_jumped_; }

 private:
  struct Track {
    std::optional<std::int64_t> in = {};  // the newest time, without wraps; none: the clock is new
    std::int64_t offset = 0;              // to be added to `in`
    std::optional<std::int64_t> out = {};
    Time heard{};
    std::int64_t step = 0;  // the last one that was no jump
  };

  std::int64_t near(std::int64_t time, std::int64_t to) const;  // the same time, without wraps
  std::int64_t begin(Track &track, const Track &other, std::int64_t in, Time now) const;
  std::int64_t jump(const Track &track, const Track &other, std::int64_t in, std::int64_t elapsed) const;

  const std::int64_t round_;
  std::array<Track, 2> tracks_;
  bool has_jumped_ = false;
};

}  // namespace astral::formats
