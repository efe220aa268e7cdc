// SPDX-License-Identifier: BSD-3-Clause
// Listens, accepts connections as far as the limits allow, and waits for the head of their first request. A
// connection that exceeds a limit, sends a bad head or is too slow gets its error here. The others are handed
// on; nothing has been read from them. One that begins with a TLS record is handed on at once, without its
// TLS.
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
#include "http/certificate.hpp"
#include "http/connection_limiter.hpp"
#include "http/epoll.hpp"
#include "http/guest.hpp"
#include "http/request_head.hpp"
#include "http/tls_tunnel.hpp"

namespace astral::http {

// **Thread**: the default main context. **Owns** the listening socket and the connections that it has not
// handed on. A connection counts as long as its GSocketConnection lives, whoever owns it.
class HttpListener {
 public:
  struct Limits {
    ConnectionLimiter::Limits guests = {};
    HeadLimits head = {};
    Time patience = 10s;  // for the head
  };
  struct Handler {
    std::function<void(Guest)> on_request;
    std::function<void(ConnectionLimiter::Id)> on_late;  // of a connection that was handed on
  };

  // `address` is an IP address; port 0: the kernel chooses. invalid: no address. unreachable: cannot listen.
  static Expected<std::unique_ptr<HttpListener>> open(const std::string &address, std::uint16_t port,
                                                      const Limits &limits, Handler handler);
  ~HttpListener();
  HttpListener(const HttpListener &) = delete;
  HttpListener &operator=(const HttpListener &) = delete;

  void wait_until(ConnectionLimiter::Id id, Time until);
  void stop_listening();
  // For connections that come from now on; null: no TLS.
  void use(std::shared_ptr<const Certificate> certificate) { certificate_ = std::move(certificate); }
  const std::string &url() const { return url_; }
  std::uint16_t port() const { return port_; }
  std::size_t guests() const { return guests_.count(); }

 private:
  // A connection that has not been handed on.
  struct Pending {
    Ref<GSocketConnection> connection;
    Epoll::Watch input = {};
    std::size_t seen = 0;     // bytes of the head, unread
    std::size_t dropped = 0;  // bytes, of one that was refused
    bool refused = false;
  };

  HttpListener(const Limits &limits, Handler handler);
  void accept(GSocketConnection *connection);
  void look(ConnectionLimiter::Id id);
  void look_at_head(ConnectionLimiter::Id id, Pending &pending);
  void take_off_tls(ConnectionLimiter::Id id, Ref<GSocketConnection> connection);
  void refuse(ConnectionLimiter::Id id, const Reply &reply);
  void drop_input(ConnectionLimiter::Id id, Pending &pending);
  void on_deadline();
  void on_gone(ConnectionLimiter::Id id);

  const Limits limits_;
  const Handler handler_;
  std::string url_;
  std::uint16_t port_ = 0;
  std::vector<char> head_;
  ConnectionLimiter guests_;
  Timer deadline_;
  std::shared_ptr<HttpListener *> alive_;  // held weakly by the callback at each connection's end
  std::map<ConnectionLimiter::Id, Pending> pending_;
  std::shared_ptr<const Certificate> certificate_;
  std::map<ConnectionLimiter::Id, std::unique_ptr<TlsTunnel>> tunnels_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::http
