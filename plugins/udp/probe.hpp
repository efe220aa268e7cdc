// SPDX-License-Identifier: BSD-3-Clause
// A second UDP port for one look at the NAT (stun::Discovery says why). It receives, and does nothing else.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "udp/receiver.hpp"
#include "udp/socket.hpp"

namespace astral::udp {

// **Thread**: the context's.
class Probe final : private ReceiverHandler {
 public:
  // `take` must not destroy the probe. null: there is no free port.
  static std::unique_ptr<Probe> open(GMainContext *context, Receiver::Take take) {
    auto socket = Socket::open(0);
    if (!socket) return nullptr;
    return std::unique_ptr<Probe>(new Probe(std::move(*socket), context, std::move(take)));
  }
  bool send(Bytes datagram, const Address &to) { return socket_->send(datagram, {to, {}}); }

 private:
  Probe(std::unique_ptr<Socket> socket, GMainContext *context, Receiver::Take take)
      : socket_(std::move(socket)), take_(std::move(take)), receiver_(*socket_, context, *this) {}
  void on_readable() override { receiver_.receive(false, take_); }

  const std::unique_ptr<Socket> socket_;
  const Receiver::Take take_;
  Receiver receiver_;
};

}  // namespace astral::udp
