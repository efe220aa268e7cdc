// SPDX-License-Identifier: BSD-3-Clause
#include "ice/udp_sender.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace astral::ice {
namespace {

// UDP GSO is given up after this many refusals in a row. A device without checksum offload always returns
// EIO, which counts at once; EINVAL and EMSGSIZE may concern one burst (a segment above the path's MTU).
constexpr int max_refusals = 3;

}  // namespace

void UdpSender::aim(int descriptor, const sockaddr_storage &to, socklen_t size) {
  descriptor_ = descriptor;
  to_ = to;
  to_size_ = size;
  can_segment_ = true;
  refusals_ = 0;
}

UdpSender::Result UdpSender::send_once(Bytes packets, std::size_t segment, int &error) const {
  iovec vector{const_cast<std::uint8_t *>(packets.data()), packets.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_storage *>(&to_);
  message.msg_namelen = to_size_;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(std::uint16_t))] = {};
  if (packets.size() > segment) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto value = static_cast<std::uint16_t>(segment);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
  }
  while (::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    error = errno;
    if (error == EINTR) continue;
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ? Result::would_block : Result::failed;
  }
  return Result::sent;
}

UdpSender::Result UdpSender::send(Bytes packets, std::size_t segment) {
  int error = 0;
  if (packets.size() > segment && can_segment_) {
    const Result result = send_once(packets, segment, error);
    if (result == Result::sent) {
      refusals_ = 0;
      ++segmented_;
    }
    if (result != Result::failed) return result;
    if (error != EIO && error != EINVAL && error != EMSGSIZE && error != EOPNOTSUPP) return result;
    if (error == EIO || ++refusals_ == max_refusals) can_segment_ = false;
  }
  for (bool first = true; !packets.empty(); first = false) {
    const Bytes one = packets.first(std::min(segment, packets.size()));
    const Result result = send_once(one, one.size(), error);
    // Larger than the path's MTU: treat it as lost, which is what QUIC's MTU probe must learn.
    if (result != Result::sent && error != EMSGSIZE) return first ? result : Result::sent;
    packets = packets.subspan(one.size());
  }
  return Result::sent;
}

}  // namespace astral::ice
