// SPDX-License-Identifier: BSD-3-Clause
// The RTMP server: accepts connections within limits, decides who may publish and play, passes media on.
#pragma once

#include <gio/gio.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "formats/rtmp/session.hpp"
#include "gateways/media_connection.hpp"
#include "gateways/playback_request.hpp"
#include "gateways/publishers.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/access.hpp"
#include "http/certificate.hpp"
#include "http/connection_limiter.hpp"
#include "http/epoll.hpp"
#include "http/remote_address.hpp"
#include "http/tls_tunnel.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. **Owns** its listening socket and the connections. A client's
// connection, request and publisher call back with its id, never after the client is gone: at(id) checks.
class RtmpServer {
 public:
  struct Limits {
    http::ConnectionLimiter::Limits guests = {
        .total = 256, .reserved = 32, .per_place = 16, .turned_away = 0};
    Time for_request = 10s;  // from connecting to 'publish' or 'play'
    Time silence = 30s;      // after which a publisher is disconnected
  };
  struct Settings {
    std::string address;
    std::uint16_t port = 0;
    Limits limits = {};
    Time patience = 8s;  // how long a player waits for the first media
  };

  // invalid: not an IP address. unreachable: cannot listen there. The references outlive it.
  static Expected<std::unique_ptr<RtmpServer>> open(Settings settings, const http::Access &access,
                                                    runtime::Driver &driver, Publishers &publishers);
  ~RtmpServer();
  RtmpServer(const RtmpServer &) = delete;
  RtmpServer &operator=(const RtmpServer &) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return guests_.count(); }
  void stop_listening();
  // Takes RTMPS on the same port, told by the first byte, from connections that come from now on; null: none.
  void use(std::shared_ptr<const http::Certificate> certificate) { certificate_ = std::move(certificate); }

 private:
  using Id = http::ConnectionLimiter::Id;

  struct Client {
    http::RemoteAddress caller;
    http::Epoll::Watch first_byte = {};
    std::unique_ptr<http::TlsTunnel> tunnel = {};  // null: no TLS
    rtmp::Session session = rtmp::Session();
    Publishers::Id publisher = 0;  // 0: it publishes nothing
    std::unique_ptr<MediaConnection> connection = {};  // null: no byte has come
    std::unique_ptr<PlaybackRequest> request = {};
  };
  RtmpServer(Settings settings, const http::Access &access, runtime::Driver &driver, Publishers &publishers);
  void accept(GSocketConnection *connection);
  void begin(Id id, Ref<GSocketConnection> connection);
  void take(Id id, Bytes bytes);
  void take(Id id, const rtmp::PublishAsked &asked);
  void take(Id id, const rtmp::PlayAsked &asked);
  void take(Id id, const rtmp::Metadata &metadata);
  void take(Id id, const rtmp::Media &media);
  void take(Id id, const rtmp::OtherTrack &other);
  void take(Id id, const rtmp::Ended &ended);
  void take(Id id, const rtmp::Closed &closed);
  void settle(Id id);  // handles the session's events and sends its output
  static Expected<std::string> slug_of(const rtmp::Address &address);
  Expected<std::string> may_publish(const Client &client, const rtmp::Address &address) const;
  Expected<void> publish(Id id, const std::string &slug);
  void on_play_over(Id id, const Error &error);
  void on_publish_over(Id id, const Error &error);
  void on_gone(Id id, const std::string &why);
  void on_deadline();
  void set_deadline();

  const Settings settings_;
  const http::Access &access_;
  runtime::Driver &driver_;
  Publishers &publishers_;
  std::uint16_t port_ = 0;
  http::ConnectionLimiter guests_;
  Timer deadline_;
  std::map<Id, Client> clients_;
  std::shared_ptr<const http::Certificate> certificate_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::gateways
