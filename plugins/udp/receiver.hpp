// SPDX-License-Identifier: BSD-3-Clause
// Wakes a thread when a socket has datagrams, and lets small ones gather first.
#pragma once

#include <gio/gio.h>

#include <functional>

#include "glue/ref.hpp"
#include "udp/socket.hpp"

namespace astral::udp {

class ReceiverHandler {
 public:
  virtual ~ReceiverHandler() = default;
  // Call receive(). The handler may destroy the Receiver after that.
  virtual void on_readable() = 0;
};

// **Thread**: the context's.
class Receiver {
 public:
  Receiver(Socket &socket, GMainContext *context, ReceiverHandler &handler);
  Receiver(const Receiver &) = delete;
  Receiver &operator=(const Receiver &) = delete;

  // Hands over what has come, datagram by datagram, and returns their number. The Receiver must outlive the
  // call. `gathers`: small ones may wait a little for others.
  using Take = std::function<void(Bytes datagram, const Flow &flow)>;
  std::size_t receive(bool gathers, const Take &take);

 private:
  struct PolledSource;
  PolledSource &polled() const;

  Socket &socket_;
  ReceiverHandler &handler_;
  Source source_;
};

}  // namespace astral::udp
