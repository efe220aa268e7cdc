// SPDX-License-Identifier: BSD-3-Clause
// Measures how fast this machine can receive from a node and send to it, over that node's `/bandwidth`
// (measurement.hpp). Where that is refused, it sends 256 KiB to `POST /ping`: the time of that includes TCP's
// slow start and a round trip, so the result is only a lower bound.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "peer/measurement.hpp"

namespace astral::peer {

struct LineFigures {
  std::uint64_t upstream_bps = 0;  // 0: not measured
  std::uint64_t downstream_bps = 0;
  bool rough = false;  // the upstream is only a lower bound
  bool near = false;   // the other node is on this machine or on its local network
};

// **Thread**: the default main context. One measurement at a time.
class Bandwidth {
 public:
  using Done = std::function<void(const LineFigures &)>;

  Bandwidth();
  ~Bandwidth();  // cancels the running measurement; its `done` is not called
  Bandwidth(const Bandwidth &) = delete;
  Bandwidth &operator=(const Bandwidth &) = delete;

  struct Order {
    std::string host = {};
    std::uint16_t port = 0;
    bool upstream = true;                 // not only the downstream
    bool pings = false;                   // the other knows no more than POST /ping
    std::function<bool()> may_send = {};  // none: always
  };
  // Does nothing while another measurement runs.
  void measure(Order order, Done done);

 private:
  void begin_measurement();
  void on_heard();
  void on_sent();
  void end_measurement();
  void ping();
  void finish();

  Order order_;
  Done done_;  // none: nothing is measured
  LineFigures figures_;
  std::unique_ptr<Measurement> measurement_;
  Timer patience_;
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
};

}  // namespace astral::peer
