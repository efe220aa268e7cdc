// SPDX-License-Identifier: BSD-3-Clause
#include "ice/bypass.hpp"

#include <glib-unix.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace astral::ice {
namespace {

constexpr std::uint32_t stun_cookie = 0x2112a442;  // RFC 8489, 5
constexpr int receive_buffer = 1 << 20;
constexpr int max_turns = 32;  // system calls before the loop's other sources run
constexpr std::size_t max_run = 65536;

thread_local std::array<std::uint8_t, max_run> buffer;

// Of the SO_REUSEPORT group, socket 0 is libnice's: it gets STUN (first byte below 4, the cookie at offset 4)
// and datagrams that are too short to tell. Socket 1, ours, gets the rest.
bool attach_filter(int descriptor) {
  std::array<sock_filter, 6> program{{
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 0},
      {BPF_JMP | BPF_JGE | BPF_K, 3, 0, 4},
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 4},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, stun_cookie},
      {BPF_RET | BPF_K, 0, 0, 0},
      {BPF_RET | BPF_K, 0, 0, 1},
  }};
  const sock_fprog all{program.size(), program.data()};
  return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &all, sizeof all) == 0;
}

bool set(int descriptor, int level, int option, int value) {
  return setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

// Opens a socket on the port of `neighbour`. Returns -1 on failure.
int open_beside(int neighbour) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(neighbour, reinterpret_cast<sockaddr *>(&address), &size) != 0) return -1;
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return -1;
  const int made = ::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  int only_v6 = 0;
  socklen_t only_size = sizeof only_v6;
  if (address.ss_family == AF_INET6 &&
      getsockopt(neighbour, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, &only_size) == 0)
    set(made, IPPROTO_IPV6, IPV6_V6ONLY, only_v6);
  set(made, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  if (set(neighbour, SOL_SOCKET, SO_REUSEPORT, 1) && set(made, SOL_SOCKET, SO_REUSEPORT, 1) &&
      set(made, SOL_UDP, UDP_GRO, 1) && ::bind(made, reinterpret_cast<sockaddr *>(&address), size) == 0 &&
      attach_filter(made))
    return made;
  ::close(made);
  return -1;
}

}  // namespace

std::unique_ptr<Bypass> Bypass::open(int neighbour, GMainContext *context, Datagram datagram,
                                     Drained drained) {
  const int descriptor = open_beside(neighbour);
  if (descriptor < 0) return nullptr;
  std::unique_ptr<Bypass> bypass(new Bypass(descriptor, neighbour, std::move(datagram), std::move(drained)));
  bypass->source_ = Source(g_unix_fd_source_new(descriptor, G_IO_IN));
  const GUnixFDSourceFunc ready = [](gint, GIOCondition, gpointer data) -> gboolean {
    static_cast<Bypass *>(data)->receive();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(bypass->source_.get(), G_SOURCE_FUNC(ready), bypass.get(), nullptr);
  g_source_attach(bypass->source_.get(), context);
  return bypass;
}

Bypass::~Bypass() {
  source_.reset();
  ::close(descriptor_);
}

void Bypass::receive() {
  bool any = false;
  receiving_ = true;
  for (int turn = 0; turn < max_turns && !stopped_; ++turn) {
    iovec vector{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(descriptor_, &message, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;  // no more datagrams, or a pending ICMP error, which does not matter
    auto segment = static_cast<std::size_t>(size);
    for (cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != SOL_UDP || header->cmsg_type != UDP_GRO) continue;
      int length = 0;
      std::memcpy(&length, CMSG_DATA(header), sizeof length);
      if (length > 0) segment = static_cast<std::size_t>(length);
    }
    deliver(Bytes(buffer).first(static_cast<std::size_t>(size)), segment);
    any = true;
  }
  if (any && !stopped_) drained_();
  receiving_ = false;
}

void Bypass::deliver(Bytes run, std::size_t segment) {
  while (!run.empty() && !stopped_) {
    const Bytes one = run.first(std::min(segment, run.size()));
    ++received_;
    datagram_(one);
    run = run.subspan(one.size());
  }
}

}  // namespace astral::ice
