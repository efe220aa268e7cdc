// SPDX-License-Identifier: BSD-3-Clause
// A connection of a client that wants something of this program, and what is known of the client.
#pragma once

#include <gio/gio.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "glue/ref.hpp"
#include "http/connection_limiter.hpp"
#include "http/remote_address.hpp"

namespace astral::http {

struct Guest {
  ConnectionLimiter::Id id;
  Ref<GSocketConnection> connection;
  RemoteAddress remote;
  std::string local;       // the IP address of this side
  bool is_secure = false;  // it came by TLS, which has been taken off
  std::shared_ptr<const std::string> tls_binding = {};  // of that TLS; see TlsTunnel::Opened

  // Nothing: the client has gone already.
  static std::optional<Guest> of(ConnectionLimiter::Id id, Ref<GSocketConnection> connection) {
    const auto local =
        Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(connection.get(), nullptr));
    const auto remote =
        Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(connection.get(), nullptr));
    if (!local || !remote) return std::nullopt;
    return Guest{.id = id,
                 .connection = std::move(connection),
                 .remote = remote_address_of(remote.get(), local.get()),
                 .local = remote_address_of(local.get()).address};
  }
};

}  // namespace astral::http
