// SPDX-License-Identifier: BSD-3-Clause
// HTTP over libsoup: reads bodies within bounds and in time, asks Access who may call what, and turns
// messages into Call and Reply. What the calls mean is the routes' business. One request per connection.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

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
#include "http/http_listener.hpp"
#include "http/routes.hpp"

namespace astral::http {

// Where a WebSocket may be opened.
struct SocketRoute {
  std::string path;
  std::function<Expected<void>()> may_open;  // no_room: too many, 503
  // The handshake is done; the stream is the caller's.
  std::function<void(Ref<GIOStream>, const Call &)> open;
};

struct ServerLimits {
  const char *name = "astralnode";  // in the Server header
  std::size_t connections = 512;    // WebSockets too; beyond: 503
  std::size_t reserved = 64;        // of these, for this machine
  std::size_t per_place = 128;      // from one IPv4 address or IPv6 /64 that is not this machine
  HeadLimits head = {};
  Time for_head = 10s;  // and no more than this after the connection; slower ones hear 408
  Time for_body = 30s;
  Time for_answer = 120s;  // to take it: slower than a live stream is too slow
  // A body that is too large is answered at once, then read on and thrown away, because many clients write
  // all before they read the answer; but only this far, then the connection is cut.
  std::size_t drained = 16 * 1024 * 1024;
};

// **Thread**: the default main context. **Owns** its listening socket and the HTTP connections; an Answer
// that comes after the server has gone, or a second time, does nothing.
class Server {
 public:
  // `address` is an IP address; port 0: the kernel chooses. invalid: no address. unreachable: cannot be had.
  static Expected<std::unique_ptr<Server>> open(const std::string &address, std::uint16_t port,
                                                std::vector<Route> routes, std::vector<SocketRoute> sockets,
                                                const ServerLimits &limits = {}, Access::Rules rules = {});
  ~Server();
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  const std::string &url() const { return listener_->url(); }
  std::uint16_t port() const { return listener_->port(); }
  std::size_t waiting() const { return waiting_; }  // calls whose reply is not written yet
  std::size_t connections() const { return listener_->guests(); }
  const std::vector<Route> &routes() const { return routes_; }
  const std::vector<SocketRoute> &sockets() const { return sockets_; }
  void stop_listening() { listener_->stop_listening(); }

 private:
  struct Visit;

  Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits,
         Access::Rules rules);
  void serve(ConnectionLimiter::Id id, const Ref<GSocketConnection> &connection);
  void begin(SoupServerMessage *message);
  void finish(SoupServerMessage *message, GHashTable *query);
  void handle(SoupServerMessage *message, const Route &route, const Call &call);
  void upgrade(SoupServerMessage *message, const SocketRoute &route, Call call);
  void respond(SoupServerMessage *message, const Reply &reply);
  void hand_over(SoupServerMessage *message, Reply reply);
  void on_broken(SoupServerMessage *message);
  void on_late(ConnectionLimiter::Id id);
  void on_gone(ConnectionLimiter::Id id);

  const std::vector<Route> routes_;
  const std::vector<SocketRoute> sockets_;
  const ServerLimits limits_;
  const Access access_;
  std::size_t waiting_ = 0;
  std::shared_ptr<Server *> alive_;  // what an Answer holds weakly
  std::map<ConnectionLimiter::Id, std::shared_ptr<Visit>> visits_;
  std::unique_ptr<HttpListener> listener_;  // before the connections that it counts
  Ref<SoupServer> soup_;
};

}  // namespace astral::http
