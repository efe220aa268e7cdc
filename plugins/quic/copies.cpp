// SPDX-License-Identifier: BSD-3-Clause
#include "quic/copies.hpp"

#include <algorithm>

namespace astral::quic {

void Copies::sent(std::size_t packet) {
  saved_ = std::min(saved_ + packet, most * share);
}

void Copies::repeated(Bytes packet, Time queue, Time now) {
  if (queue > long_queue || waiting_bytes_ + packet.size() > most || packet.size() * share > saved_) return;
  saved_ -= packet.size() * share;
  waiting_bytes_ += packet.size();
  waiting_.push_back({now + apart, {packet.begin(), packet.end()}});
}

std::vector<std::uint8_t> Copies::take() {
  std::vector<std::uint8_t> packet = std::move(waiting_.front().packet);
  waiting_.pop_front();
  waiting_bytes_ -= packet.size();
  return packet;
}

}  // namespace astral::quic
