// SPDX-License-Identifier: BSD-3-Clause
// WS /events: one JSON message per change of what the API shows. What has gone is told once, with "gone".
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/node.hpp"
#include "glue/json.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/websocket.hpp"

namespace astral::api {

// **Thread**: the default main context. **Owns** the sockets.
class Events {
 public:
  static constexpr std::size_t max_sockets = 16;

  Events();

  bool has_room() const { return sockets_.size() < max_sockets; }
  void accept(Ref<GIOStream> stream);
  void tell(const core::Node &node, core::Change what, const std::string &key);
  void close();  // this node goes away
  bool flushed() const { return sockets_.empty(); }

 private:
  void send(const char *type, const json::Builder &data);
  void ping();

  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::shared_ptr<http::WebSocket>> sockets_;
  std::map<core::TicketId, core::TicketView> tickets_;  // as they were told, for the day that they go
  Timer ping_;  // a browser that is gone without a word is found by it
};

}  // namespace astral::api
