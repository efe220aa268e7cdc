// SPDX-License-Identifier: BSD-3-Clause
#include "quic/scavenger.hpp"

#include <algorithm>

namespace astral::quic {

void Scavenger::measure(Time rtt, Time min_rtt, Time now) {
  // A change shows in the round-trip time after one round trip.
  if (rtt == 0ns || now - changed_ < rtt) return;
  changed_ = now;
  const Time queue = rtt - min_rtt;
  window_ = queue >= target ? window_ / 2 : queue >= target / 2 ? window_ + least : window_ * 2;
  window_ = std::clamp(window_, least, most);
}

}  // namespace astral::quic
