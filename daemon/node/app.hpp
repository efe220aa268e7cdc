// SPDX-License-Identifier: BSD-3-Clause
// A whole node except its media: composes the driver, the HTTP server, the gateways and the events. A test
// opens one in its own process, with a fake media backend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/doctor.hpp"
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
#include "http/stun_call.hpp"
#include "media/media_backend.hpp"
#include "runtime/driver.hpp"

namespace astral::node {

// **Thread**: the default main context.
class App {
 public:
  struct Settings {
    runtime::Driver::Settings driver = {};
    std::size_t max_players = 1'000;  // by HTTP-FLV and its like, and as many by WebRTC
    std::string listen = "0.0.0.0";
    std::uint16_t port = 8000;    // 0: a free one
    std::uint16_t rtmp_port = 0;  // 0: none
    bool needs_rtmp = false;      // open() fails if the RTMP port is taken; otherwise App runs without RTMP
    gateways::RtmpServer::Limits rtmp = {};
    gateways::Publishers::Limits publishers = {};
    http::ServerLimits server = {};
    http::Access::Rules access = {.checks_host = true};
    std::uint32_t dvr_seconds = 0;  // of the media: how far viewers may rewind
    std::string kept_devices = {};  // what keep_devices got; empty: none
    Time hls_patience = 8s;         // how long a player's request waits for first media, HLS or other
    gateways::MediaConnection::Limits flow = {};
  };

  // `media` must outlive the App. Errors: those of http::Server::open(), and of the RTMP port if needs_rtmp.
  static Expected<std::unique_ptr<App>> open(Settings settings, media::MediaBackend &media);
  App(const App &) = delete;
  App &operator=(const App &) = delete;

  const http::Server &server() const { return *server_; }
  const gateways::RtmpServer *rtmp() const { return rtmp_.get(); }  // null: no RTMP
  runtime::Driver &driver() { return driver_; }

  // For the calls and players that come from now on.
  void use(http::Access::Rules access);
  void use(std::shared_ptr<const http::Certificate> certificate);

  // Says goodbye to all peers. Calls on_gone when everything has been sent, after 700 ms at the latest.
  void shut_down();
  std::function<void()> on_gone = [] {};
  // The node ends; on_gone follows.
  std::function<void()> on_leaving = [] {};
  // What the node knows of itself and others has changed.
  std::function<void()> on_change = [] {};
  // For GET /doctor.
  std::function<api::Surroundings()> surroundings = [] { return api::Surroundings(); };
  // The links that others open over TCP (/link).
  struct Links {
    std::function<bool(const std::string &id)> expects = [](const std::string &) { return false; };
    std::function<void(const std::string &id, GIOStream *)> accept = [](const std::string &, GIOStream *) {};
  };
  Links links = {};
  // Keeps the paired devices until the next start.
  std::function<void(const std::string &)> keep_devices = [](const std::string &) {};
  // Sends a STUN response (POST /stun).
  http::SendStun send_stun = [](const std::string &, const std::string &) { return false; };

 private:
  App(const Settings &settings, media::MediaBackend &media);
  void set_publishers_node(const Settings &settings);
  Expected<void> open_rtmp(const Settings &settings);
  void begin_farewell();
  void check_gone();

  std::string url_for_others(const http::Call &call) const;

  http::Devices devices_;
  http::Guesses guesses_;
  http::Access access_;
  const std::string listen_;
  const std::uint32_t dvr_seconds_;
  std::string fingerprint_;  // of the certificate; empty: no TLS
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
  std::unique_ptr<http::Server> server_;  // destroyed first: its routes use all members above
};

}  // namespace astral::node
