// SPDX-License-Identifier: BSD-3-Clause
// A second socket on libnice's port. It receives everything but STUN, many datagrams in one system call (UDP
// GRO). It decides by the STUN cookie alone; QUIC checks who sent a datagram.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <functional>
#include <memory>

#include "glue/bytes.hpp"
#include "glue/ref.hpp"

namespace astral::ice {

// **Thread**: the context's. **Why**: receiving through libnice costs twice the CPU, 1.9 against 0.9 seconds
// per gigabyte (measured with QUIC on loopback).
class Bypass {
 public:
  using Datagram = std::function<void(Bytes)>;
  using Drained = std::function<void()>;

  // `neighbour` is libnice's socket. Returns null if the kernel lacks what is needed; libnice's socket then
  // receives everything. `context` runs the callbacks. A callback must not destroy the Bypass; it may stop()
  // it.
  static std::unique_ptr<Bypass> open(int neighbour, GMainContext *context, Datagram datagram,
                                      Drained drained);
  ~Bypass();
  Bypass(const Bypass &) = delete;
  Bypass &operator=(const Bypass &) = delete;

  int neighbour() const { return neighbour_; }
  std::size_t received() const { return received_; }  // datagrams
  bool receiving() const { return receiving_; }       // a callback of the Bypass is running
  void stop() { stopped_ = true; }

 private:
  Bypass(int descriptor, int neighbour, Datagram datagram, Drained drained)
      : descriptor_(descriptor),
        neighbour_(neighbour),
        datagram_(std::move(datagram)),
        drained_(std::move(drained)) {}
  void receive();
  void deliver(Bytes run, std::size_t segment);

  const int descriptor_;
  const int neighbour_;
  const Datagram datagram_;
  const Drained drained_;
  Source source_;
  std::size_t received_ = 0;
  bool receiving_ = false;
  bool stopped_ = false;
};

}  // namespace astral::ice
