// SPDX-License-Identifier: BSD-3-Clause
#include "peer/rate_meter.hpp"

#include <algorithm>

namespace astral::peer {
namespace {

constexpr std::uint64_t first_allowance = 64 << 10;  // a slow line and its queue take so much
constexpr Time queued = 100ms;                       // of a line that is full
constexpr Time short_queue = 150ms;                  // of a slow line
constexpr std::uint64_t fast_bps = 16'000'000;
constexpr Time least_round = 50ms;
constexpr int settling_round_trips = 2;
constexpr Time spacing = 1ms;  // of the samples

}  // namespace

void RateMeter::sent(std::uint64_t total, Time now) {
  on_the_way_.push_back({.at = now, .total = total});
}

void RateMeter::passed(std::uint64_t total, Time now) {
  for (; !on_the_way_.empty() && on_the_way_.front().total <= total; on_the_way_.pop_front()) {
    const Time took = now - on_the_way_.front().at;
    if (round_trip_ == Time{} || took < round_trip_) round_trip_ = took;
  }
  if (over_) return;
  if (samples_.empty() || now - samples_.back().at >= spacing)
    samples_.push_back({.at = now, .total = total});
  else
    samples_.back().total = total;
  const Time age = now - samples_.front().at;
  const std::uint64_t older = rate_between(now - 2 * half(), now - half());
  const std::uint64_t newer = rate_between(now - half(), now);
  const std::uint64_t difference = older > newer ? older - newer : newer - older;
  const bool settled = age >= 2 * half() + settling_round_trips * round_trip_;
  steady_ = settled && newer > 0 && difference <= newer / apart;
  over_ = steady_ || age >= longest || total >= most_bytes - most_bytes / last_part;
}

// TCP's bursts come once in a round trip, so a half has two of them at least.
Time RateMeter::half() const {
  return std::clamp(2 * round_trip_, least_half, most_half);
}

Time RateMeter::burst() const {
  return std::clamp(round_trip_ + round_trip_ / 4, queued, most_half);
}

const RateMeter::Sample &RateMeter::at(Time time) const {
  const auto after = std::upper_bound(samples_.begin(), samples_.end(), time,
                                      [](Time wanted, const Sample &sample) { return wanted < sample.at; });
  return after == samples_.begin() ? samples_.front() : *(after - 1);
}

// The times of single samples mean little: bytes per time do.
std::uint64_t RateMeter::rate_between(Time from, Time to) const {
  const auto micros = static_cast<std::uint64_t>((to - from) / 1us);
  return micros == 0 ? 0 : (at(to).total - at(from).total) * 8'000'000 / micros;
}

std::uint64_t RateMeter::recent_bps() const {
  if (samples_.empty()) return 0;
  const Time now = samples_.back().at;
  return rate_between(std::max(samples_.front().at, now - burst()), now);
}

bool RateMeter::rises() const {
  const Time now = samples_.back().at;
  const Time round = std::max(round_trip_, least_round);
  if (now - samples_.front().at < 2 * round) return true;
  const std::uint64_t older = rate_between(now - 2 * round, now - round);
  if (2 * older < rate_between(samples_.front().at, now)) return false;
  return rate_between(now - round, now) > older + older / rise;
}

// From the first burst on that was not much slower than all that came after it, up to where it was fastest:
// what waits for a repeated packet at the end is not there yet.
std::uint64_t RateMeter::rate_bps() const {
  if (samples_.empty()) return 0;
  const Time last = samples_.back().at;
  Time from = samples_.front().at;
  std::uint64_t mean = rate_between(from, last);
  for (const Sample &sample : samples_) {
    if (last - sample.at < burst()) break;
    from = sample.at;
    mean = rate_between(from, last);
    if (rate_between(from, from + burst()) >= mean - mean / apart) break;
  }
  const Time enough = mean < fast_bps ? 2 * most_half : 2 * least_half;
  for (const Sample &sample : samples_)
    if (sample.at - from >= enough) mean = std::max(mean, rate_between(from, sample.at));
  return mean;
}

std::uint64_t RateMeter::allowance() const {
  if (samples_.empty()) return first_allowance;
  const Time now = samples_.back().at;
  const bool full = !rises();
  const Time from = std::max(samples_.front().at, now - 2 * most_half);
  const std::uint64_t mean = rate_between(from, now);
  std::uint64_t bps = std::max(recent_bps(), mean);
  if (full && now - from >= 2 * most_half) bps = std::min(bps, mean + mean / 2);
  const Time way = full             ? round_trip_ + queued
                   : bps < fast_bps ? round_trip_ + std::clamp(round_trip_, queued, short_queue)
                                    : 5 * round_trip_ / 2 + least_round;
  return std::max(first_allowance, bps / 8'000 * static_cast<std::uint64_t>(way / 1ms));
}

}  // namespace astral::peer
