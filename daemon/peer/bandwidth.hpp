// SPDX-License-Identifier: BSD-3-Clause
// Measures what this machine can send to a node and receive from it, by the node's ping (API.md): 256 KiB up,
// 2 MiB down, one after the other. What is shorter than a round trip says nothing and is not believed.
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
  // Bits per second; 0: it could not be measured.
  using Done = std::function<void(std::uint64_t upstream_bps, std::uint64_t downstream_bps)>;

  Bandwidth();
  ~Bandwidth();  // a measurement that runs ends without an answer
  Bandwidth(const Bandwidth &) = delete;
  Bandwidth &operator=(const Bandwidth &) = delete;

  void measure(const std::string &host, std::uint16_t port, const Done &done);

 private:
  void measure_down(const std::string &url, std::uint64_t upstream_bps, const Done &done);

  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
};

}  // namespace astral::peer
