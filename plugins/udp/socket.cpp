// SPDX-License-Identifier: BSD-3-Clause
#include "udp/socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "udp/udp_sender.hpp"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace astral::udp {
namespace {

constexpr int socket_buffer = 4 << 20;  // of all links together; rmem_max may allow less
constexpr std::size_t batch = 16;       // messages in one system call
constexpr std::size_t max_run = 65536;
constexpr int max_turns = 8;  // system calls before the loop's other sources run
constexpr std::size_t control_size =
    CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo));

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

Address address_in(const sockaddr_storage &from) {
  if (from.ss_family == AF_INET) {
    const auto &four = reinterpret_cast<const sockaddr_in &>(from);
    return stun::address_of({reinterpret_cast<const std::uint8_t *>(&four.sin_addr), 4},
                            ntohs(four.sin_port));
  }
  const auto &six = reinterpret_cast<const sockaddr_in6 &>(from);
  return stun::address_of({six.sin6_addr.s6_addr, 16}, ntohs(six.sin6_port));
}

// Fills in the segment's size and the local address.
void read_control(msghdr &message, std::size_t &segment, Address &local, std::uint16_t port) {
  for (cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    const auto *data = CMSG_DATA(header);
    if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
      int length = 0;
      std::memcpy(&length, data, sizeof length);
      if (length > 0) segment = static_cast<std::size_t>(length);
    } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo about;
      std::memcpy(&about, data, sizeof about);
      local = stun::address_of({about.ipi6_addr.s6_addr, 16}, port);
    } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      in_pktinfo about;
      std::memcpy(&about, data, sizeof about);
      local = stun::address_of({reinterpret_cast<const std::uint8_t *>(&about.ipi_addr), 4}, port);
    }
  }
}

// Returns -1 and sets errno.
int open_bound(int family, std::uint16_t port, bool shared = false) {
  const int made = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  const bool is_six = family == AF_INET6;
  if (is_six) set(made, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (shared) set(made, SOL_SOCKET, SO_REUSEPORT, 1);
  set(made, is_six ? static_cast<int>(IPPROTO_IPV6) : static_cast<int>(IPPROTO_IP),
      is_six ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
  const auto *address =
      is_six ? reinterpret_cast<const sockaddr *>(&six) : reinterpret_cast<const sockaddr *>(&four);
  if (::bind(made, address, is_six ? sizeof six : sizeof four) == 0) return made;
  const int error = errno;
  ::close(made);
  errno = error;
  return -1;
}

}  // namespace

Socket::Socket(int descriptor, std::uint16_t port, bool six)
    : descriptor_(descriptor), port_(port), six_(six), buffer_(new std::uint8_t[batch * max_run]) {
  set(descriptor_, SOL_SOCKET, SO_RCVBUF, socket_buffer);
  set(descriptor_, SOL_SOCKET, SO_SNDBUF, socket_buffer);
  set(descriptor_, SOL_UDP, UDP_GRO, 1);  // without it each datagram is a run of its own
}

Socket::~Socket() {
  ::close(descriptor_);
}

Expected<std::unique_ptr<Socket>> Socket::open(std::uint16_t port) {
  bool six = true;
  int made = open_bound(AF_INET6, port);
  if (made < 0 && errno != EADDRINUSE && errno != EACCES) {
    six = false;
    made = open_bound(AF_INET, port);
  }
  if (made < 0)
    return fail(errno == EADDRINUSE ? Code::conflict : Code::failed,
                "UDP port " + std::to_string(port) + ": " + std::strerror(errno));
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(made, reinterpret_cast<sockaddr *>(&bound), &size);
  return std::unique_ptr<Socket>(new Socket(made, address_in(bound).port, six));
}

// The first socket was bound alone, so open() would have failed beside another. From now on it shares, with
// sockets that say the same.
Expected<std::unique_ptr<Socket>> Socket::share_port() const {
  if (!set(descriptor_, SOL_SOCKET, SO_REUSEPORT, 1)) return fail(Code::failed, std::strerror(errno));
  const int made = open_bound(six_ ? AF_INET6 : AF_INET, port_, true);
  if (made < 0) return fail(Code::failed, std::strerror(errno));
  return std::unique_ptr<Socket>(new Socket(made, port_, six_));
}

void Socket::receive(const Run &run) {
  std::array<mmsghdr, batch> messages;
  std::array<iovec, batch> vectors;
  std::array<sockaddr_storage, batch> from;
  alignas(cmsghdr) std::array<std::array<char, control_size>, batch> control;
  for (int turn = 0; turn < max_turns; ++turn) {
    for (std::size_t i = 0; i < batch; ++i) {
      vectors[i] = {buffer_.get() + i * max_run, max_run};
      messages[i] = {};
      messages[i].msg_hdr.msg_name = &from[i];
      messages[i].msg_hdr.msg_namelen = sizeof from[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = control[i].data();
      messages[i].msg_hdr.msg_controllen = control_size;
    }
    const int count = ::recvmmsg(descriptor_, messages.data(), batch, MSG_DONTWAIT, nullptr);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // nothing left, or an ICMP error of an earlier datagram, which does not matter
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const std::size_t size = messages[i].msg_len;
      if (size == 0) continue;
      std::size_t segment = size;
      Flow flow{address_in(from[i]), {}};
      read_control(messages[i].msg_hdr, segment, flow.local, port_);
      run(Bytes(buffer_.get() + i * max_run, size), segment, flow);
    }
    if (static_cast<std::size_t>(count) < batch) return;
  }
}

socklen_t resolve(const Address &address, sockaddr_storage &out) {
  out = {};
  if (address.size == 4) {
    auto &four = reinterpret_cast<sockaddr_in &>(out);
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    std::memcpy(&four.sin_addr, address.bytes.data(), 4);
    return sizeof four;
  }
  auto &six = reinterpret_cast<sockaddr_in6 &>(out);
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(address.port);
  std::memcpy(six.sin6_addr.s6_addr, address.bytes.data(), 16);
  return sizeof six;
}

socklen_t Socket::resolve(const Address &address, sockaddr_storage &out) const {
  out = {};
  if (!address.is_set() || (address.size == 16 && !six_)) return 0;
  if (!six_ || address.size == 16) return udp::resolve(address, out);
  Address mapped{.size = 16, .port = address.port};
  mapped.bytes[10] = mapped.bytes[11] = 0xff;
  std::memcpy(mapped.bytes.data() + 12, address.bytes.data(), 4);
  return udp::resolve(mapped, out);
}

bool Socket::send(Bytes datagram, const Flow &to) const {
  sockaddr_storage address, source;
  const socklen_t size = resolve(to.remote, address);
  if (size == 0) return false;
  UdpSender sender;
  sender.aim(descriptor_, address, size);
  if (resolve(to.local, source) > 0) sender.leave_from(source);
  return sender.send(datagram, datagram.size()) == UdpSender::Result::sent;
}

}  // namespace astral::udp
