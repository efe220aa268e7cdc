// SPDX-License-Identifier: BSD-3-Clause
// The origin's UDP port: answers STUN, so that nodes without another server learn their address. A second
// port shows them what their NAT does. It carries no media.
#pragma once

#include <gio/gio.h>
#include <glib-unix.h>

#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "stun/server.hpp"
#include "udp/socket.hpp"

namespace astral::origin {

// **Thread**: the default main context.
class StunPort {
 public:
  // `port`: the number of the HTTP port. Errors: as udp::Socket::open().
  static Expected<std::unique_ptr<StunPort>> open(std::uint16_t port);
  ~StunPort();
  StunPort(const StunPort &) = delete;
  StunPort &operator=(const StunPort &) = delete;

  // For http::stun_call().
  bool send_response(const std::string &id, const std::string &address);

 private:
  StunPort(std::unique_ptr<udp::Socket> socket, std::unique_ptr<udp::Socket> other)
      : socket_(std::move(socket)), other_(std::move(other)) {}
  Source watch(udp::Socket &socket, GUnixFDSourceFunc ready);
  void receive();
  void receive_at_other();
  void answer(udp::Socket &at, Bytes datagram, const udp::Flow &flow);

  const std::unique_ptr<udp::Socket> socket_;
  const std::unique_ptr<udp::Socket> other_;  // null: there was no free port
  stun::Server server_;
  Source source_, other_source_;
};

}  // namespace astral::origin
