// SPDX-License-Identifier: BSD-3-Clause
// HTTP for the API: accepts connections and reads bodies within bounds, turns libsoup's messages into
// Request and Reply. Decides nothing that a client could notice but size and time.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "origin/api.hpp"

namespace astral::origin {

// **Thread** the default GMainContext's. **Owns** its sockets.
class Server {
 public:
  using Clock = std::function<UnixTime()>;

  // `address` is an IP address. Port 0: the kernel chooses. unreachable: the address cannot be had.
  static Expected<std::unique_ptr<Server>> open(Api &api, const std::string &address, std::uint16_t port,
                                                Clock clock);
  ~Server();
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;

  const std::string &url() const { return url_; }

 private:
  Server(Api &api, Clock clock);
  void accept(GSocketConnection *connection);
  void begin(SoupServerMessage *message);
  void finish(SoupServerMessage *message, GHashTable *query);

  Api &api_;
  Clock clock_;
  std::string url_;
  std::shared_ptr<std::size_t> connections_ = std::make_shared<std::size_t>(0);
  Ref<SoupServer> soup_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::origin
