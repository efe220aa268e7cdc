// SPDX-License-Identifier: BSD-3-Clause
// Measures how fast this machine can send to a node and receive from it. Sends 256 KiB to the node's
// `POST /ping`, then fetches 2 MiB from its `GET /ping?bytes=`. Both times include a round trip.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <string>

#include "glue/ref.hpp"

namespace astral::peer {

// **Thread**: the default main context.
class Bandwidth {
 public:
  // Bits per second; 0: the measurement failed.
  using Done = std::function<void(std::uint64_t upstream_bps, std::uint64_t downstream_bps)>;

  Bandwidth();
  ~Bandwidth();  // cancels running measurements; their `done` is not called
  Bandwidth(const Bandwidth &) = delete;
  Bandwidth &operator=(const Bandwidth &) = delete;

  void measure(const std::string &host, std::uint16_t port, const Done &done);

 private:
  void measure_down(const std::string &url, std::uint64_t upstream_bps, const Done &done);

  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
};

}  // namespace astral::peer
