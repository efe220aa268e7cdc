// SPDX-License-Identifier: BSD-3-Clause
// Which packets go out twice. On a line that loses packets at random, each loss costs a round trip, and what
// repeats lost data may be lost as well. So a packet that mostly repeats is followed by a copy, which the
// peer ignores if it got the first one (RFC 9000, 12.3). Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/time.hpp"

namespace astral::quic {

class Copies {
 public:
  static constexpr Time apart = 5ms;              // losses come in bursts
  static constexpr Time long_queue = 50ms;        // more is a sign that packets are lost by congestion
  static constexpr std::size_t least = 256;       // a smaller packet holds acknowledgements only
  static constexpr std::size_t share = 8;         // a copy may follow eight times its bytes
  static constexpr std::size_t most = 32 * 1024;  // bytes that wait, or that may be copied at once

  // `fresh`: bytes of the packet that were never sent before.
  static bool repeats(std::size_t packet, std::size_t fresh) {
    return packet >= least && fresh * 2 <= packet;
  }

  void sent(std::size_t packet);
  // `packet` repeats and was sent. `queue`: how much longer than the shortest round trip the latest ones
  // take.
  void repeated(Bytes packet, Time queue, Time now);
  // When the next copy is to be sent; `never`: none waits.
  Time due() const { return waiting_.empty() ? never : waiting_.front().at; }
  std::vector<std::uint8_t> take();  // only if one waits

 private:
  struct Waiting {
    Time at;
    std::vector<std::uint8_t> packet;
  };
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t saved_ = most * share;  // bytes sent that no copy has used up
};

}  // namespace astral::quic
