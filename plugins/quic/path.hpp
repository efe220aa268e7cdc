// SPDX-License-Identifier: BSD-3-Clause
// The way that a connection's datagrams take: an ICE component, or a queue in a test. Decides only how a
// burst is handed over.
#pragma once

#include <cstddef>

#include "glue/bytes.hpp"

namespace astral::quic {

class Path {
 public:
  // What the kernel accepts in one system call (UDP_SEGMENT). A burst stays within both.
  static constexpr std::size_t max_segments = 64;
  static constexpr std::size_t max_burst = 65'000;  // bytes

  virtual ~Path() = default;

  // Sends `packets`: datagrams of `segment` bytes each, back to back; the last one may be shorter. Does not
  // keep the bytes. Returns false if it could send nothing now (would block, not connected yet, closed). QUIC
  // then treats the datagrams as lost and sends again what is still needed.
  virtual bool send(Bytes packets, std::size_t segment) = 0;
};

}  // namespace astral::quic
