// SPDX-License-Identifier: BSD-3-Clause
// Listens, lets in as many as there is room for, and waits for the head of their request. Who sends none in
// time, or none that is sound, or finds no room, is told so here; the others are handed on with nothing read.
#pragma once

#include <gio/gio.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/call.hpp"
#include "http/connection_limiter.hpp"
#include "http/request_head.hpp"

namespace astral::http {

// **Thread**: the default main context. **Owns** the listening socket and the connections that it has not
// handed on. A connection counts as a guest as long as its object lives, wherever that is.
class HttpListener {
 public:
  struct Limits {
    ConnectionLimiter::Limits guests = {};
    HeadLimits head = {};
    Time patience = 10s;  // for the head
  };
  struct Handler {
    std::function<void(ConnectionLimiter::Id, Ref<GSocketConnection>)> on_request;
    std::function<void(ConnectionLimiter::Id)> on_late;  // what was handed on
    std::function<void(ConnectionLimiter::Id)> on_gone;
  };

  // `address` is an IP address; port 0: the kernel chooses. invalid: no address. unreachable: cannot be had.
  static Expected<std::unique_ptr<HttpListener>> open(const std::string &address, std::uint16_t port,
                                                      const Limits &limits, Handler handler);
  ~HttpListener();
  HttpListener(const HttpListener &) = delete;
  HttpListener &operator=(const HttpListener &) = delete;

  void wait_until(ConnectionLimiter::Id id, Time until);
  void stop_listening();
  const std::string &url() const { return url_; }
  std::uint16_t port() const { return port_; }
  std::size_t guests() const { return guests_.count(); }

 private:
  // Whom this object still holds.
  struct Visit {
    Ref<GSocketConnection> connection;
    Source input = {};
    std::size_t seen = 0;  // bytes of the head; of one that is told no: thrown away
    bool refused = false;
  };

  HttpListener(const Limits &limits, Handler handler);
  void accept(GSocketConnection *connection);
  void look(ConnectionLimiter::Id id);
  void look_at_head(ConnectionLimiter::Id id, Visit &visit);
  void refuse(ConnectionLimiter::Id id, const Reply &reply);
  void see_off(ConnectionLimiter::Id id, Visit &visit);
  void on_deadline();
  void on_gone(ConnectionLimiter::Id id);

  const Limits limits_;
  const Handler handler_;
  std::string url_;
  std::uint16_t port_ = 0;
  std::vector<char> head_;
  ConnectionLimiter guests_;
  Timer deadline_;
  std::shared_ptr<HttpListener *> alive_;  // what the end of a connection's object looks at
  std::map<ConnectionLimiter::Id, Visit> visits_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::http
