// SPDX-License-Identifier: BSD-3-Clause
// A node as a whole but for its media: driver, HTTP server, peers and events, put together. A test opens one
// in its own process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/driver.hpp"
#include "api/events.hpp"
#include "api/hls.hpp"
#include "api/live.hpp"
#include "api/media_floor.hpp"
#include "api/publishers.hpp"
#include "api/rtmp_server.hpp"
#include "api/server.hpp"
#include "api/thumbnails.hpp"
#include "api/whep.hpp"
#include "api/whip.hpp"
#include "glue/error.hpp"

namespace astral::api {

// **Thread**: the default main context.
class App {
 public:
  struct Settings {
    Driver::Settings driver = {};
    std::string listen = "0.0.0.0";
    std::uint16_t port = 8000;    // 0: a free one
    std::uint16_t rtmp_port = 0;  // 0: none
    bool needs_rtmp = false;      // no App without it; else it goes without
    RtmpServer::Limits rtmp = {};
    Publishers::Limits publishers = {};
    ServerLimits server = {};
    Access::Rules access = {.checks_host = true};
    Time hls_patience = 8s;  // and of other players
    Flow::Limits flow = {};
  };

  // `media` outlives it. Errors: as Server::open().
  static Expected<std::unique_ptr<App>> open(Settings settings, MediaFloor &media);
  App(const App &) = delete;
  App &operator=(const App &) = delete;

  const Server &server() const { return *server_; }
  const RtmpServer *rtmp() const { return rtmp_.get(); }  // null: none
  Driver &driver() { return driver_; }

  // Tells everybody and calls on_gone when the last word is on its way, or cannot be brought there in time.
  void shut_down();
  std::function<void()> on_gone = [] {};

 private:
  App(const Settings &settings, MediaFloor &media);
  void tell_publishers(const Settings &settings);
  Expected<void> open_rtmp(const Settings &settings);
  void begin_farewell();
  void look_whether_gone();

  const Access access_;
  Driver driver_;
  Events events_;
  Hls hls_;
  Live live_;
  Thumbnails thumbnails_;
  Publishers publishers_;
  Whip whip_;
  Whep whep_;
  bool quitting_ = false;
  Time farewell_deadline_ = never;
  Timer farewell_;
  std::unique_ptr<RtmpServer> rtmp_;
  std::unique_ptr<Server> server_;  // goes first: its routes call all of the above
};

}  // namespace astral::api
