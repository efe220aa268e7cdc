// SPDX-License-Identifier: BSD-3-Clause
// Asks the TURN server of --turn once whether it gives this node an address, over UDP or TCP, for the doctor.
// stun::TurnCheck decides what is said. Links do not need it.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <vector>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/turn_uri.hpp"
#include "stun/turn_check.hpp"

namespace astral::node {

// **Thread**: the default main context.
class TurnProbe {
 public:
  // `server`: with a numeric address. `done` is called once, not in here; it may not destroy the probe.
  TurnProbe(const TurnServer &server, std::function<void()> done);
  TurnProbe(const TurnProbe &) = delete;
  TurnProbe &operator=(const TurnProbe &) = delete;

  const stun::TurnCheck &check() const { return check_; }

 private:
  void watch(GIOCondition condition);
  bool on_ready(GIOCondition condition);  // false: there will be nothing more
  bool receive();
  void take();
  void send(const stun::TurnCheck::Messages &messages);
  void flush();

  const bool over_tcp_;
  const std::function<void()> done_;
  stun::TurnCheck check_;
  Ref<GSocket> socket_;  // null: there is no such family here
  bool is_connected_;    // over TCP it takes a while
  bool is_over_ = false;
  std::vector<std::uint8_t> unsent_, received_;
  Source source_;
  Timer timer_;
};

}  // namespace astral::node
