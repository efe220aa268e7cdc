// SPDX-License-Identifier: BSD-3-Clause
// Endpoints on loopback for tests, each with its own thread; their routes are on the test's context.
#pragma once

#include <gtest/gtest.h>

#include "udp/endpoint.hpp"

namespace astral::udp {

using Octets = std::vector<std::uint8_t>;

// Runs the default context until `done`, for 30 s at most. Looks every 5 ms too: another thread may change
// what `done` asks for.
inline bool pump_until(const std::function<bool()> &done) {
  const Time end = now() + 30s;
  Timer look(g_main_context_default(), [] {});
  while (!done()) {
    if (now() > end) return false;
    look.set(now() + 5ms);
    g_main_context_iteration(nullptr, TRUE);
  }
  return true;
}

inline Address loopback(std::uint8_t last, std::uint16_t port) {
  const std::uint8_t bytes[] = {127, 0, 0, last};
  return stun::address_of(bytes, port);
}

struct Listener : RouteHandler {
  void on_route_datagram(Bytes data, const Flow &from) override {
    received.emplace_back(data.begin(), data.end());
    flow = from;
    if (when_datagram) when_datagram();
  }
  void on_route_drained() override { ++drained; }
  void on_route_stream(const Flow &of, bool is_open) override {
    (is_open ? opened : closed) += 1;
    if (is_open) flow = of;
  }
  std::vector<Octets> received;
  Flow flow;
  int drained = 0, opened = 0, closed = 0;
  std::function<void()> when_datagram;
};

inline Octets packet_to(const RouteId &route, std::size_t size, std::uint8_t fill,
                        std::uint8_t first = 0x40) {
  Octets packet{first};
  packet.insert(packet.end(), route.begin(), route.end());
  packet.resize(size, fill);
  return packet;
}

inline Octets initial_to(const Secret &secret) {
  Octets packet{0xc0, 0, 0, 0, 1, 16};
  packet.insert(packet.end(), secret.begin(), secret.end());
  packet.resize(1200, 7);
  return packet;
}

inline std::shared_ptr<Endpoint> open_endpoint(Endpoint::Events events = {}) {
  auto opened = Endpoint::open({}, std::move(events));
  EXPECT_TRUE(opened) << opened.error().detail;
  return *opened;
}

}  // namespace astral::udp
