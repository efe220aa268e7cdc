// SPDX-License-Identifier: BSD-3-Clause
// What a connection's datagrams travel over: an ICE component, a test's queue. Decides only how a burst is
// handed over.
#pragma once

#include <cstddef>

#include "glue/bytes.hpp"

namespace astral::quic {

class Path {
 public:
  // What the kernel takes in one go (UDP_SEGMENT): a burst never exceeds either.
  static constexpr std::size_t max_segments = 64;
  static constexpr std::size_t max_burst = 65'000;  // bytes

  virtual ~Path() = default;

  // Sends `packets`, datagrams of `segment` bytes each back to back, the last one possibly shorter. The bytes
  // are the caller's again on return. False: none could be sent now (would block, not connected yet, gone);
  // QUIC then takes them for lost and repeats what mattered.
  virtual bool send(Bytes packets, std::size_t segment) = 0;
};

}  // namespace astral::quic
