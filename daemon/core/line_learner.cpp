// SPDX-License-Identifier: BSD-3-Clause
#include "core/line_learner.hpp"

#include <algorithm>

namespace astral::core {
namespace {

constexpr Time most_between = 5s;  // calls further apart tell nothing: the machine slept
constexpr Time settled = 3s;       // a link begins with a burst, and its round trip is not known well

}  // namespace

LineLearner::Verdict LineLearner::see(const std::vector<LinkSeen> &links, Time now) {
  const Time between = seen_ ? now - *seen_ : Time{};
  seen_ = now;
  std::map<TicketId, Link> known;
  std::uint64_t bytes = 0;
  std::size_t queued = 0, old = 0;
  bool young = false;
  for (const LinkSeen &seen : links) {
    const auto before = links_.find(seen.ticket);
    Link link = before == links_.end() ? Link{.bytes_sent = seen.bytes_sent, .shortest = {}, .since = now}
                                       : before->second;
    if (seen.bytes_sent > link.bytes_sent) bytes += seen.bytes_sent - link.bytes_sent;
    link.bytes_sent = seen.bytes_sent;
    if (seen.rtt > Time{} && (link.shortest == Time{} || seen.rtt < link.shortest)) link.shortest = seen.rtt;
    if (now - link.since < settled)
      young = true;
    else if (++old; seen.rtt > link.shortest + queue)
      ++queued;
    known.emplace(seen.ticket, link);
  }
  links_ = std::move(known);
  const auto millis = static_cast<std::uint64_t>(between / 1ms);
  const bool sound = millis > 0 && between <= most_between;
  const std::uint64_t bps = sound ? bytes * 8'000 / millis : 0;
  if (!sound || young || old == 0) {
    clear_ = full_ = Time{};
    return {};
  }
  Verdict verdict;
  if (queued < old || old == 1) verdict.thin = static_cast<std::uint32_t>(queued);
  if (queued < old) {
    full_ = Time{};
    slowest_bps_ = clear_ == Time{} ? bps : std::min(slowest_bps_, bps);
    clear_ += between;
    if (clear_ >= clear) {
      verdict.at_least = slowest_bps_;
      clear_ = Time{};
    }
  } else {
    clear_ = Time{};
    fastest_bps_ = full_ == Time{} ? bps : std::max(fastest_bps_, bps);
    full_ += between;
    if (full_ >= full && old >= least_links) {
      verdict.at_most = fastest_bps_;
      full_ = Time{};
    }
  }
  return verdict;
}

}  // namespace astral::core
