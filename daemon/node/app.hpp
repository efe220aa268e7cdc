// SPDX-License-Identifier: BSD-3-Clause
// A node as a whole but for its media: driver, HTTP server, peers and events, put together. A test opens one
// in its own process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/events.hpp"
#include "gateways/hls.hpp"
#include "gateways/live.hpp"
#include "gateways/publishers.hpp"
#include "gateways/rtmp_server.hpp"
#include "gateways/thumbnails.hpp"
#include "gateways/whep.hpp"
#include "gateways/whip.hpp"
#include "glue/error.hpp"
#include "http/server.hpp"
#include "media/media_backend.hpp"
#include "runtime/driver.hpp"

namespace astral::node {

// **Thread**: the default main context.
class App {
 public:
  struct Settings {
    runtime::Driver::Settings driver = {};
    std::string listen = "0.0.0.0";
    std::uint16_t port = 8000;    // 0: a free one
    std::uint16_t rtmp_port = 0;  // 0: none
    bool needs_rtmp = false;      // no App without it; else it goes without
    gateways::RtmpServer::Limits rtmp = {};
    gateways::Publishers::Limits publishers = {};
    http::ServerLimits server = {};
    http::Access::Rules access = {.checks_host = true};
    Time hls_patience = 8s;  // and of other players
    gateways::MediaConnection::Limits flow = {};
  };

  // `media` outlives it. Errors: as Server::open().
  static Expected<std::unique_ptr<App>> open(Settings settings, media::MediaBackend &media);
  App(const App &) = delete;
  App &operator=(const App &) = delete;

  const http::Server &server() const { return *server_; }
  const gateways::RtmpServer *rtmp() const { return rtmp_.get(); }  // null: none
  runtime::Driver &driver() { return driver_; }

  // Tells everybody and calls on_gone when the last word is on its way, or cannot be brought there in time.
  void shut_down();
  std::function<void()> on_gone = [] {};

 private:
  App(const Settings &settings, media::MediaBackend &media);
  void tell_publishers(const Settings &settings);
  Expected<void> open_rtmp(const Settings &settings);
  void begin_farewell();
  void look_whether_gone();

  const http::Access access_;
  runtime::Driver driver_;
  api::Events events_;
  gateways::Hls hls_;
  gateways::Live live_;
  gateways::Thumbnails thumbnails_;
  gateways::Publishers publishers_;
  gateways::Whip whip_;
  gateways::Whep whep_;
  bool quitting_ = false;
  Time farewell_deadline_ = never;
  Timer farewell_;
  std::unique_ptr<gateways::RtmpServer> rtmp_;
  std::unique_ptr<http::Server> server_;  // goes first: its routes call all of the above
};

}  // namespace astral::node
