// SPDX-License-Identifier: BSD-3-Clause
// The WebSocket /events: one JSON message for each change of what the API shows. When an object disappears,
// one message says so with "gone": true. Strangers hear of streams and of this node only.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/effect.hpp"
#include "core/node_view.hpp"
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
  void accept(Ref<GIOStream> stream, bool may_see_peers);
  void tell(const core::NodeView &node, core::Change what, const std::string &key);
  void close();  // closes all sockets, since this node shuts down
  bool flushed() const { return sockets_.empty(); }

 private:
  enum class To { all, who_sees_peers };
  void send(To to, const char *type, const json::Builder &data);
  void ping();

  std::uint64_t next_ = 0;
  struct Listener {
    std::shared_ptr<http::WebSocket> socket;
    bool may_see_peers;
  };
  std::map<std::uint64_t, Listener> sockets_;
  std::map<core::TicketId, core::TicketView> tickets_;  // as last sent, for the message when they end
  Timer ping_;  // finds browsers that disappeared without closing
};

}  // namespace astral::api
