// SPDX-License-Identifier: BSD-3-Clause
// A UDP socket for IPv6 and IPv4 that receives many datagrams in one system call (UDP GRO, recvmmsg). Decides
// nothing about their content.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "stun/message.hpp"

namespace astral::udp {

using stun::Address;

// Both ends of a datagram; or the link's stream, whose TCP connection has them. `local` is the address of
// this machine that it came to (its port is the socket's); unset: the kernel chooses the one that it leaves
// from.
struct Flow {
  Address remote;
  Address local;
  bool over_tcp = false;  // by the link's stream (udp/stream)
  bool operator==(const Flow &) const = default;
};

// The address as system calls take it, in its own family. It must be set. Returns the size.
socklen_t resolve(const Address &address, sockaddr_storage &out);

// **Thread**: one receives; any may send.
class Socket {
 public:
  // Port 0: a free one. An IPv6 socket that takes IPv4 too, else IPv4. Errors: conflict (the port is taken),
  // failed.
  static Expected<std::unique_ptr<Socket>> open(std::uint16_t port);
  // Another socket of this port. The port stays taken: open() fails for everybody. Errors: failed.
  Expected<std::unique_ptr<Socket>> share_port() const;
  ~Socket();
  Socket(const Socket &) = delete;
  Socket &operator=(const Socket &) = delete;

  int descriptor() const { return descriptor_; }
  std::uint16_t port() const { return port_; }
  bool takes_ipv6() const { return six_; }

  // Calls `run` for each run of datagrams of `segment` bytes (the last may be shorter) from one flow, until
  // nothing is left or after some system calls. The bytes are valid during the call.
  using Run = std::function<void(Bytes run, std::size_t segment, const Flow &flow)>;
  void receive(const Run &run);
  // One datagram. False: not sent.
  bool send(Bytes datagram, const Flow &to) const;
  // The address in the form that this socket's system calls take. 0: an IPv6 address, and this is IPv4.
  socklen_t resolve(const Address &address, sockaddr_storage &out) const;

 private:
  Socket(int descriptor, std::uint16_t port, bool six);

  const int descriptor_;
  const std::uint16_t port_;
  const bool six_;
  const std::unique_ptr<std::uint8_t[]> buffer_;  // pages that are never filled cost nothing
};

}  // namespace astral::udp
