// SPDX-License-Identifier: BSD-3-Clause
#include "formats/timeline.hpp"

#include <algorithm>
#include <ratio>

namespace astral::formats {

namespace {

constexpr std::int64_t usual_step = Timeline::second / 30;
// A frame that comes so long after the last one ends a pause, which counts as media time after a jump.
constexpr std::int64_t least_pause = Timeline::second;

// Only a publisher whose times keep jumping gets there. Differences of smaller times do not overflow.
constexpr std::int64_t farthest_ticks = std::int64_t{1} << 60;

std::int64_t ticks(Time time) {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, Timeline::second>>;
  return std::chrono::duration_cast<Ticks>(time).count();
}

}  // namespace

std::int64_t Timeline::near(std::int64_t time, std::int64_t to) const {
  std::int64_t step = (time - to) % round_;
  if (step > round_ / 2) step -= round_;
  if (step < -round_ / 2) step += round_;
  return to + step;
}

std::int64_t Timeline::begin(Track &track, const Track &other, std::int64_t in, Time now) const {
  const auto since = [&](const Track &of) {
    return *of.out + std::max<std::int64_t>(ticks(now - of.heard), 0);
  };
  track.step = 0;
  if (other.in) {  // the clock of the other track is known
    track.in = near(in, *other.in);
    const std::int64_t shared = *track.in + other.offset;
    const std::int64_t distance = shared - since(other);
    const bool is_apart = distance > most_apart || distance < -most_apart;
    track.offset = is_apart ? since(other) - *track.in : other.offset;
  } else {
    track.in = in;
    std::int64_t from = 0;
    for (const Track *of : {&static_cast<const Track &>(track), &other})
      if (of->out) from = std::max(from, std::max(since(*of), *of->out + usual_step));
    track.offset = from - in;
  }
  return *track.in + track.offset;
}

// The offset after a jump.
std::int64_t Timeline::jump(const Track &track, const Track &other, std::int64_t in,
                            std::int64_t elapsed) const {
  const std::int64_t step = elapsed > least_pause ? elapsed : track.step > 0 ? track.step : usual_step;
  const std::int64_t ought = *track.out + step;
  if (other.in) {
    const std::int64_t shared = near(in + other.offset, ought);
    const std::int64_t distance = shared - ought;
    if (shared > *track.out && distance > -same_jump && distance < same_jump) return shared - in;
  }
  return ought - in;
}

std::int64_t Timeline::map(Kind kind, std::int64_t in, Time now) {
  const auto index = static_cast<std::size_t>(kind);
  Track &track = tracks_[index];
  const Track &other = tracks_[1 - index];
  has_jumped_ = !track.in;
  std::int64_t out = 0;
  if (!track.in) {
    out = begin(track, other, in, now);
  } else {
    const std::int64_t before = *track.in;
    const std::int64_t elapsed = std::max<std::int64_t>(ticks(now - track.heard), 0);
    track.in = near(in, before);
    const std::int64_t step = *track.in - before;
    out = *track.in + track.offset;
    const bool is_with_other = other.in && out <= *other.out + most_ahead;
    const bool is_ahead = step > elapsed + most_ahead && !is_with_other;
    has_jumped_ = is_ahead || step < -least_back;
    if (has_jumped_) {
      track.offset = jump(track, other, *track.in, elapsed);
      out = *track.in + track.offset;
    } else if (step > 0) {
      track.step = step;
    }
  }
  if (track.out) out = std::max(out, *track.out + 1);
  track.out = out;
  track.heard = now;
  if (*track.in > farthest_ticks || *track.in < -farthest_ticks) restart();
  return out;
}

void Timeline::restart() {
  for (Track &track : tracks_) track.in.reset();
}

}  // namespace astral::formats
