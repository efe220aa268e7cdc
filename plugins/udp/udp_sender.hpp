// SPDX-License-Identifier: BSD-3-Clause
// Sends bursts of datagrams on a socket that it does not own, in one system call if the kernel can split them
// (UDP GSO). Does not know ICE.
#pragma once

#include <sys/socket.h>

#include <cstddef>

#include "glue/bytes.hpp"

namespace astral::udp {

class UdpSender {
 public:
  enum class Result { sent, would_block, failed };

  // `descriptor` must stay open until the next aim() or reset().
  void aim(int descriptor, const sockaddr_storage &to, socklen_t size);
  // The address of this machine that the datagrams come from; without it the kernel chooses. aim() forgets
  // it. Of the same family as the descriptor. **Why**: a peer behind a firewall hears only the address that
  // it sent to, and this machine may have several.
  void leave_from(const sockaddr_storage &source) { source_ = source; }
  void reset() { descriptor_ = -1; }
  bool aimed() const { return descriptor_ >= 0; }

  Result send(Bytes packets, std::size_t segment);
  // Number of system calls that carried more than one datagram.
  std::size_t segmented() const { return segmented_; }

 private:
  Result send_all(Bytes packets, std::size_t segment);
  Result send_once(Bytes packets, std::size_t segment, int &error) const;

  int descriptor_ = -1;
  sockaddr_storage to_{};
  socklen_t to_size_ = 0;
  sockaddr_storage source_{};  // AF_UNSPEC: the kernel chooses
  bool can_segment_ = true;
  int refusals_ = 0;  // in a row, of segmented bursts
  std::size_t segmented_ = 0;
};

}  // namespace astral::udp
