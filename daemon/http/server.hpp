// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.1 and the opening of WebSockets: asks Access who may call what, finds the route of a request, and
// sends its reply. It does not know what the calls mean; the routes do.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "http/access.hpp"
#include "http/call.hpp"
#include "http/certificate.hpp"
#include "http/http_connection.hpp"
#include "http/http_listener.hpp"
#include "http/routes.hpp"
#include "http/server_limits.hpp"

namespace astral::http {

// Where a WebSocket may be opened.
struct SocketRoute {
  std::string path;
  std::function<Expected<void>(const Call &)> may_open;  // no_room: too many, 503
  // The handshake is done; the stream is the callee's.
  std::function<void(Ref<GIOStream>, const Call &)> open;
};

// **Thread**: the default main context. **Owns** its listening socket and the HTTP connections. An Answer
// that comes after the server or its connection has gone, or a second time, does nothing.
class Server : private HttpConnection::Owner {
 public:
  // `address` is an IP address; port 0: the kernel chooses. invalid: no address. unreachable: cannot listen.
  static Expected<std::unique_ptr<Server>> open(const std::string &address, std::uint16_t port,
                                                std::vector<Route> routes, std::vector<SocketRoute> sockets,
                                                const ServerLimits &limits = {}, Access::Rules rules = {});
  ~Server() override;
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  const std::string &url() const { return listener_->url(); }
  std::uint16_t port() const { return listener_->port(); }
  std::size_t waiting() const { return waiting_; }  // calls that their routes have not answered yet
  std::size_t connections() const { return listener_->guests(); }
  const std::vector<Route> &routes() const { return routes_; }
  const std::vector<SocketRoute> &sockets() const { return sockets_; }
  void stop_listening() { listener_->stop_listening(); }
  void use(Access::Rules rules) { access_ = Access(std::move(rules)); }  // for calls that come from now on
  // Takes TLS on the same port, told by the first byte, for connections that come from now on; null: no TLS.
  void use(std::shared_ptr<const Certificate> certificate) { listener_->use(std::move(certificate)); }

 private:
  Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits,
         Access::Rules rules);
  void accept(Guest guest);
  void on_late(ConnectionLimiter::Id id);
  void handle(HttpConnection &connection, const Route &route, const Call &call);
  void upgrade(HttpConnection &connection, const SocketRoute &route, const Request &request);
  void answer(HttpConnection &connection, const std::string &origin, Reply reply) const;

  void on_request(HttpConnection &connection, Request request) override;
  void set_deadline(ConnectionLimiter::Id id, Time when) override;
  bool may_keep_alive() const override;
  void on_ended(ConnectionLimiter::Id id) override;

  const std::vector<Route> routes_;
  const std::vector<SocketRoute> sockets_;
  const ServerLimits limits_;
  Access access_;
  const BodyRules body_rules_;
  std::size_t waiting_ = 0;
  std::shared_ptr<Server *> alive_;  // an Answer holds it weakly
  std::unique_ptr<HttpListener> listener_;
  std::map<ConnectionLimiter::Id, std::shared_ptr<HttpConnection>> connections_;
};

}  // namespace astral::http
