// SPDX-License-Identifier: BSD-3-Clause
#include "node/app.hpp"

#include <utility>

#include "api/calls.hpp"
#include "core/slug.hpp"
#include "gateways/rtc_calls.hpp"
#include "http/remote_address.hpp"
#include "http/request_head.hpp"
#include "http/stun_call.hpp"

namespace astral::node {
namespace {

constexpr Time longest_farewell = 700ms;
constexpr Time check_every = 20ms;

http::Access::Rules with(http::Access::Rules rules, http::Devices &devices, http::Guesses &guesses) {
  rules.devices = &devices;
  rules.guesses = &guesses;
  return rules;
}

bool is_for_this_machine(const std::string &host) {
  const auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(host.c_str()));
  return address ? g_inet_address_get_is_loopback(address.get()) : http::same_word(host, "localhost");
}

}  // namespace

App::App(const Settings &settings, media::MediaBackend &media)
    : devices_("astral-" + (settings.driver.key ? core::uuid_of(settings.driver.key->fingerprint()) : "")),
      access_(with(settings.access, devices_, guesses_)),
      listen_(settings.listen),
      dvr_seconds_(settings.dvr_seconds),
      driver_(settings.driver, media),
      hls_(driver_, settings.hls_patience),
      live_(driver_, settings.hls_patience, settings.flow, settings.max_players),
      thumbnails_(driver_),
      publishers_(driver_, settings.publishers),
      whip_(driver_, publishers_),
      whep_(driver_, {.patience = settings.hls_patience, .viewers = settings.max_players}),
      farewell_(g_main_context_default(), [this] { check_gone(); }) {
  driver_.on_change = [this](core::Change what, const std::string &key) {
    events_.tell(driver_.node(), what, key);
    on_change();
  };
  driver_.on_quit = [this] { begin_farewell(); };
  driver_.warnings = [this](const std::string &slug) { return publishers_.warnings(slug); };
  devices_.on_change = [this] { keep_devices(devices_.keep()); };
  if (settings.kept_devices.empty()) return;
  if (const auto read = devices_.read(settings.kept_devices); !read)
    g_warning("the paired devices cannot be read, so none is: %s", read.error().detail.c_str());
}

Expected<std::unique_ptr<App>> App::open(Settings settings, media::MediaBackend &media) {
  std::unique_ptr<App> app(new App(settings, media));
  std::vector<http::Route> routes;
  api::add_node_calls(routes, app->driver_);
  api::add_stream_calls(routes, app->driver_);
  api::add_key_calls(routes, app->driver_);
  api::add_invitation_calls(routes, app->driver_);
  api::add_ticket_calls(routes, app->driver_);
  gateways::add_hls_calls(routes, app->hls_);
  gateways::add_live_calls(routes, app->live_);
  gateways::add_thumbnail_calls(routes, app->thumbnails_);
  gateways::add_rtc_calls(routes, app->whep_, app->whip_);
  api::add_other_calls(routes, app->driver_, [self = app.get()]() -> api::Doors {
    return {.rtmp_port = self->rtmp_ ? self->rtmp_->port() : std::uint16_t{0},
            .fingerprint = self->fingerprint_,
            .dvr_seconds = self->dvr_seconds_};
  });
  routes.push_back(http::stun_call([self = app.get()](const std::string &id, const std::string &address) {
    return self->send_stun(id, address);
  }));
  api::add_device_calls(routes, app->devices_,
                        [self = app.get()](const http::Call &call) { return self->url_for_others(call); });
  api::add_inside_calls(routes, app->driver_);
  api::add_doctor_call(routes, app->driver_, [self = app.get()] { return self->surroundings(); });
  api::add_page_calls(routes, app->driver_, app->access_);

  api::Events *events = &app->events_;
  runtime::Driver *driver = &app->driver_;
  std::vector<http::SocketRoute> sockets;
  sockets.push_back(
      {.path = "/peer",
       .may_open = [driver](const http::Call &) -> Expected<void> {
         if (driver->has_room_for_peer()) return {};
         return fail(Code::no_room, "this node has too many peers");
       },
       .open = [driver](Ref<GIOStream> stream,
                        const http::Call &call) { driver->accept_peer(std::move(stream), call); }});
  sockets.push_back({.path = "/bandwidth",
                     .may_open = [driver](const http::Call &call) -> Expected<void> {
                       const auto run = call.query.find("run");
                       if (run == call.query.end() || run->second.empty())
                         return fail(Code::invalid, "query 'run': needed");
                       if (driver->has_room_for_measuring()) return {};
                       return fail(Code::no_room, "too many nodes measure their lines with this one");
                     },
                     .open =
                         [driver](Ref<GIOStream> stream, const http::Call &call) {
                           driver->let_measure(std::move(stream),
                                               {.address = call.caller, .run = call.query.at("run")});
                         }});
  sockets.push_back(
      {.path = "/events",
       .may_open = [events](const http::Call &) -> Expected<void> {
         if (events->has_room()) return {};
         return fail(Code::no_room, "too many clients are connected to /events");
       },
       .open = [events](Ref<GIOStream> stream,
                        const http::Call &call) { events->accept(std::move(stream), call.may_see_peers); }});

  sockets.push_back({.path = "/link",
                     .may_open = [self = app.get()](const http::Call &call) -> Expected<void> {
                       const auto id = call.query.find("id");
                       if (id == call.query.end()) return fail(Code::invalid, "query 'id': needed");
                       if (self->links.expects(id->second)) return {};
                       return fail(Code::not_found, "no link has this id");
                     },
                     .open =
                         [self = app.get()](Ref<GIOStream> stream, const http::Call &call) {
                           self->links.accept(call.query.at("id"), stream.get());
                         }});

  auto server = http::Server::open(settings.listen, settings.port, std::move(routes), std::move(sockets),
                                   settings.server, with(settings.access, app->devices_, app->guesses_));
  if (!server) return tl::unexpected<Error>(server.error());
  app->server_ = std::move(*server);
  app->set_publishers_node(settings);
  if (const auto opened = app->open_rtmp(settings); !opened) return tl::unexpected<Error>(opened.error());
  app->driver_.start(app->server_->port());
  return app;
}

void App::use(http::Access::Rules access) {
  access = with(std::move(access), devices_, guesses_);
  access_ = http::Access(access);
  driver_.set_public(access.is_public);
  server_->use(std::move(access));
}

void App::use(std::shared_ptr<const http::Certificate> certificate) {
  fingerprint_ = certificate ? certificate->fingerprint() : "";
  if (rtmp_) rtmp_->use(certificate);
  server_->use(std::move(certificate));
}

// https:// if the node has it, since the answer brings a secret.
std::string App::url_for_others(const http::Call &call) const {
  const std::string scheme = call.is_secure || !fingerprint_.empty() ? "https://" : "http://";
  const bool is_proxied = !call.prefix.empty() || !call.forwarded.host.empty();
  if (is_proxied) return call.base();
  if (!is_for_this_machine(call.host)) return scheme + call.authority;
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(listen_.c_str()));
  if (!listen || g_inet_address_get_is_loopback(listen.get())) return "";
  const bool is_six = g_inet_address_get_family(listen.get()) == G_SOCKET_FAMILY_IPV6;
  std::string address = is_six ? "[" + listen_ + "]" : listen_;
  if (g_inet_address_get_is_any(listen.get())) address = http::own_address();
  return address.empty() ? "" : scheme + address + ":" + std::to_string(server_->port());
}

void App::set_publishers_node(const Settings &settings) {
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(settings.listen.c_str()));
  const bool six = listen && g_inet_address_get_family(listen.get()) == G_SOCKET_FAMILY_IPV6;
  const bool any = listen && g_inet_address_get_is_any(listen.get());
  const std::string host = any ? (six ? "::1" : "127.0.0.1") : settings.listen;
  publishers_.set_node((six ? "[" + host + "]" : host) + ":" + std::to_string(server_->port()));
}

Expected<void> App::open_rtmp(const Settings &settings) {
  if (settings.rtmp_port == 0) return {};
  auto rtmp = gateways::RtmpServer::open({.address = settings.listen,
                                          .port = settings.rtmp_port,
                                          .limits = settings.rtmp,
                                          .patience = settings.hls_patience},
                                         access_, driver_, publishers_);
  if (!rtmp && settings.needs_rtmp) return tl::unexpected<Error>(rtmp.error());
  if (!rtmp) {
    g_warning("no RTMP: %s (--rtmp-port)", rtmp.error().detail.c_str());
    return {};
  }
  rtmp_ = std::move(*rtmp);
  return {};
}

void App::shut_down() {
  driver_.shut_down();
}

// The node has said goodbye; the messages are in the queues of the sockets.
void App::begin_farewell() {
  if (std::exchange(quitting_, true)) return;
  server_->stop_listening();
  if (rtmp_) rtmp_->stop_listening();
  on_leaving();
  events_.close();
  farewell_deadline_ = now() + longest_farewell;
  farewell_.set(now() + check_every);
}

void App::check_gone() {
  const bool flushed = driver_.flushed() && events_.flushed() && server_->waiting() == 0;
  if (flushed || now() >= farewell_deadline_) return on_gone();
  farewell_.set(now() + check_every);
}

}  // namespace astral::node
