// SPDX-License-Identifier: BSD-3-Clause
#include "udp/udp_sender.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace astral::udp {
namespace {

// UDP GSO is given up after this many refusals in a row. A device without checksum offload always returns
// EIO, which counts at once; EINVAL and EMSGSIZE may concern one burst (a segment above the path's MTU).
constexpr int max_refusals = 3;

}  // namespace

void UdpSender::aim(int descriptor, const sockaddr_storage &to, socklen_t size) {
  descriptor_ = descriptor;
  to_ = to;
  to_size_ = size;
  source_ = {};
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
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(in6_pktinfo))] = {};
  std::size_t used = 0;
  const auto add = [&](int level, int type, const auto &value) {
    auto *header = reinterpret_cast<cmsghdr *>(control + used);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    used += CMSG_SPACE(sizeof value);
  };
  if (packets.size() > segment) add(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment));
  if (source_.ss_family == AF_INET6) {
    in6_pktinfo leave{};
    leave.ipi6_addr = reinterpret_cast<const sockaddr_in6 &>(source_).sin6_addr;
    add(IPPROTO_IPV6, IPV6_PKTINFO, leave);
  } else if (source_.ss_family == AF_INET) {
    in_pktinfo leave{};
    leave.ipi_spec_dst = reinterpret_cast<const sockaddr_in &>(source_).sin_addr;
    add(IPPROTO_IP, IP_PKTINFO, leave);
  }
  if (used > 0) message.msg_control = control;
  message.msg_controllen = used;
  while (::sendmsg(descriptor_, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
    error = errno;
    if (error == EINTR) continue;
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS ? Result::would_block : Result::failed;
  }
  return Result::sent;
}

// An address that this machine has lost: a laptop changes networks. The kernel then chooses another one.
UdpSender::Result UdpSender::send(Bytes packets, std::size_t segment) {
  const Result result = send_all(packets, segment);
  if (result != Result::failed || source_.ss_family == AF_UNSPEC) return result;
  source_ = {};
  refusals_ = 0;
  return send_all(packets, segment);
}

UdpSender::Result UdpSender::send_all(Bytes packets, std::size_t segment) {
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

}  // namespace astral::udp
