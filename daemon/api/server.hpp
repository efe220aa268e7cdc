// SPDX-License-Identifier: BSD-3-Clause
// HTTP over libsoup: accepts connections and reads bodies within bounds, decides who may call what, and turns
// messages into Call and Reply. What the calls mean is the routes' business.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/http.hpp"
#include "api/routes.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"

namespace astral::api {

// Where a WebSocket may be opened.
struct SocketRoute {
  std::string path;
  std::function<Expected<void>()> may_open;  // no_room: too many, 503
  // The handshake is done; the stream is the caller's.
  std::function<void(Ref<GIOStream>, const Call &)> open;
};

struct ServerLimits {
  const char *name = "astralnode";  // in the Server header
  std::size_t connections = 512;    // WebSockets too; beyond, a connection is closed at once
  std::chrono::seconds idle{60};    // of an HTTP connection: nothing comes and nothing goes
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
                                                const ServerLimits &limits = {});
  ~Server();
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  const std::string &url() const { return url_; }
  std::uint16_t port() const { return port_; }
  std::size_t waiting() const { return waiting_; }  // calls whose reply is not written yet
  std::size_t connections() const { return *connections_; }
  void stop_listening();

 private:
  Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits);
  void accept(GSocketConnection *connection);
  void begin(SoupServerMessage *message);
  void finish(SoupServerMessage *message, GHashTable *query);
  void upgrade(SoupServerMessage *message, const SocketRoute &route, Call call);

  const std::vector<Route> routes_;
  const std::vector<SocketRoute> sockets_;
  const ServerLimits limits_;
  std::string url_;
  std::uint16_t port_ = 0;
  std::size_t waiting_ = 0;
  std::shared_ptr<std::size_t> connections_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<Server *> alive_;  // what an Answer holds weakly
  Ref<SoupServer> soup_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::api
