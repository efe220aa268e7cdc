// SPDX-License-Identifier: BSD-3-Clause
// astralnode: reads the settings, opens what the node needs, runs until SIGINT, SIGTERM or DELETE /node.
#include <glib-unix.h>
#include <gst/gst.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "api/log.hpp"
#include "glue/file_lock.hpp"
#include "glue/heap.hpp"
#include "glue/key.hpp"
#include "media/elements.hpp"
#include "media/endpoint.hpp"
#include "media/pipelines.hpp"
#include "node/app.hpp"
#include "node/background.hpp"
#include "node/nat_watch.hpp"
#include "node/settings.hpp"
#include "node/state_dir.hpp"
#include "peer/peer_cache.hpp"

namespace astral::node {
namespace {

constexpr Time longest_shutdown = 2500ms;
constexpr rlim_t wanted_files = 65'536;  // each link needs one or two descriptors

int complain(const Error &error, int status) {
  std::cerr << "astralnode: " << error.detail << std::endl;
  return status;
}

void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted_files) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted_files);
  setrlimit(RLIMIT_NOFILE, &limit);
}

http::Access::Rules access_rules(const Options &options) {
  http::Access::Rules rules{.checks_host = true,
                            .hosts = options.allowed_hosts,
                            .origins = options.allowed_origins,
                            .token = options.token,
                            .is_public = options.is_public,
                            .shows_peers = options.shows_peers};
  if (auto proxies = http::TrustedProxies::read(options.trusted_proxies)) rules.proxies = std::move(*proxies);
  rules.hosts.emplace_back(g_get_host_name());
  return rules;
}

App::Settings app_settings(const Options &options, const std::string &state_dir) {
  App::Settings settings;
  settings.publishers.for_return = std::chrono::seconds(options.publisher_wait_seconds);
  core::Settings &node = settings.driver.node;
  node.self.label = options.label;
  node.self.turn = !options.turn.host.empty();
  node.role = options.supernode == Supernode::yes  ? core::Role::supernode
              : options.supernode == Supernode::no ? core::Role::child
                                                   : core::Role::automatic;
  node.capacity = options.capacity;
  node.max_children = options.max_children;
  node.max_players = options.max_players;
  settings.max_players = options.max_players;
  settings.dvr_seconds = options.dvr_seconds;
  settings.rtmp.guests.total = std::max<std::size_t>(settings.rtmp.guests.total, options.max_players);
  node.seeded_by = options.seeded_by;
  node.timeouts.renew = std::chrono::seconds(options.renew_seconds);
  node.timeouts.publisher_wait = std::chrono::seconds(options.publisher_wait_seconds);
  node.renew_streams = options.renew_groups;
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(options.listen.c_str()));
  // Otherwise peers see the address.
  if (!g_inet_address_get_is_any(listen.get())) node.self.ip_address = options.listen;
  if (options.upstream_limit) node.upstream_bps = *options.upstream_limit * 8000;
  node.measures = !options.upstream_limit;
  node.bootstrap = options.bootstrap;
  settings.driver.origin = options.origin;
  settings.driver.origin_authorities = options.origin_ca;
  settings.driver.is_public = options.is_public;
  settings.driver.state_dir = state_dir;
  settings.listen = options.listen;
  settings.port = options.port;
  settings.rtmp_port = options.rtmp_port;
  settings.needs_rtmp = options.needs_rtmp;
  settings.server.connections = max_connections(options);
  settings.access = access_rules(options);
  return settings;
}

std::string shown_url(const Options &options, std::uint16_t port) {
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(options.listen.c_str()));
  const bool six = g_inet_address_get_family(listen.get()) == G_SOCKET_FAMILY_IPV6;
  std::string host = options.listen;
  if (g_inet_address_get_is_any(listen.get())) host = six ? "::1" : "127.0.0.1";
  return "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// Other machines can connect to that address.
bool is_for_others(const std::string &listen) {
  const auto address = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(listen.c_str()));
  return !g_inet_address_get_is_loopback(address.get());
}

Expected<std::shared_ptr<const http::Certificate>> certificate_of(const Options &options,
                                                                  const std::string &state_dir) {
  if (options.tls_certificate.empty()) {
    std::vector<std::string> names = http::local_names(options.listen);
    names.insert(names.end(), options.allowed_hosts.begin(), options.allowed_hosts.end());
    warn_of_readers(state_dir + "/tls.pem");
    return http::Certificate::keep(state_dir + "/tls.pem", names);
  }
  const std::string &key = options.tls_key.empty() ? options.tls_certificate : options.tls_key;
  warn_of_readers(key);
  return http::Certificate::load(options.tls_certificate, key);
}

// What SIGHUP does. Sockets, pipelines and promises to others depend on the other settings.
class Reloading {
 public:
  Reloading(App &app, Background &background, Options options, std::string state_dir,
            std::vector<std::string> args)
      : app_(app),
        background_(background),
        options_(std::move(options)),
        state_dir_(std::move(state_dir)),
        args_(std::move(args)) {}

  void reload() {
    background_.reopen_log();
    auto again = read_options(args_);
    if (!again) return g_warning("the settings stay as they were: %s", again.error().detail.c_str());
    auto certificate = certificate_of(*again, state_dir_);
    if (!certificate)
      return g_warning("the settings stay as they were: %s", certificate.error().detail.c_str());
    warn_of_readers(again->token.empty() ? "" : again->settings_file);
    api::Log::hide(again->token);
    app_.use(access_rules(*again));
    app_.use(std::move(*certificate));
    options_.tls_certificate = again->tls_certificate;
    options_.tls_key = again->tls_key;
    options_.token = again->token;
    options_.allowed_hosts = again->allowed_hosts;
    options_.allowed_origins = again->allowed_origins;
    options_.trusted_proxies = again->trusted_proxies;
    options_.is_public = again->is_public;
    options_.shows_peers = again->shows_peers;
    g_message("the settings were read again%s",
              options_ == *again
                  ? ""
                  : "; those besides token, public, show-peers, TLS and the allowed hosts, origins and "
                    "proxies take effect when the node starts again");
  }

 private:
  App &app_;
  Background &background_;
  Options options_;  // in use
  const std::string state_dir_;
  const std::vector<std::string> args_;
};

gboolean reload(gpointer data) noexcept {
  static_cast<Reloading *>(data)->reload();
  return G_SOURCE_CONTINUE;
}

// Calls `ready` when signals are handled: whoever learns that the node listens may send one.
int run(App &app, Reloading &reloading, const std::function<void()> &ready) {
  const auto loop = Ref<GMainLoop>::adopt(g_main_loop_new(nullptr, FALSE));
  Timer overdue(g_main_context_default(), [&] { g_main_loop_quit(loop.get()); });
  struct Ending {
    App &app;
    Timer &overdue;
  } ending{app, overdue};
  const auto end = [](gpointer data) noexcept -> gboolean {
    const auto &what = *static_cast<Ending *>(data);
    what.overdue.set(now() + longest_shutdown);
    what.app.shut_down();
    return G_SOURCE_REMOVE;
  };
  std::vector<Source> signals;
  for (const int number : {SIGTERM, SIGINT}) {
    GSource *source = g_unix_signal_source_new(number);
    g_source_set_callback(source, end, &ending, nullptr);
    g_source_attach(source, nullptr);
    signals.emplace_back(source);
  }
  GSource *hang_up = g_unix_signal_source_new(SIGHUP);
  g_source_set_callback(hang_up, reload, &reloading, nullptr);
  g_source_attach(hang_up, nullptr);
  signals.emplace_back(hang_up);
  app.on_gone = [&] { g_main_loop_quit(loop.get()); };
  ready();
  g_main_loop_run(loop.get());
  return 0;
}

// Null: the node has no UDP port, because it shall have none, or because the default one is taken.
Expected<std::unique_ptr<media::Endpoint>> open_udp(const Options &options, std::uint16_t http_port,
                                                    NatWatch &nat) {
  if (!options.has_udp) return nullptr;
  auto opened = media::Endpoint::open(
      options.udp_port.value_or(http_port),
      {.on_nat = [&nat](const protocol::Nat &found,
                        const std::string &address) { nat.on_nat(found, address); },
       .on_response_wanted = [&nat](const std::string &id,
                                    std::uint16_t port) { nat.on_response_wanted(id, port); }});
  if (opened || options.udp_port) return opened;
  g_warning("no UDP port: %s (--udp-port)", opened.error().detail.c_str());
  return nullptr;
}

int start(const Options &options, std::vector<std::string> args) {
  Background background(options.daemonize);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  api::Log::begin(options.token);
  gst_init(nullptr, nullptr);
  if (const auto found = media::find_elements(); !found) return complain(found.error(), 1);

  const std::string state_dir =
      options.state_dir.empty() ? default_state_dir(options.label) : absolute(options.state_dir);
  if (const auto made = make_state_dir(state_dir); !made) return complain(made.error(), 1);
  const auto lock = FileLock::take(state_dir + "/lock", "astralnode");
  if (!lock)
    return complain({lock.error().code, "--state-dir: " + state_dir + ": " + lock.error().detail}, 1);
  const std::string key_file = state_dir + "/key.pem";
  const auto key = Key::load_or_create(key_file);
  if (!key) return complain(key.error(), 1);
  warn_of_readers(key_file);
  warn_of_readers(options.token.empty() ? "" : options.settings_file);
  auto certificate = certificate_of(options, state_dir);
  if (!certificate) return complain(certificate.error(), options.tls_certificate.empty() ? 1 : 2);

  media::Settings media_settings;
  media_settings.key_file = key_file;
  // Of the relay's links: a child may have a second one while it renews the first, and others stand by.
  media_settings.max_children = 2 * options.max_children + options.max_players;
  media_settings.store_time = std::chrono::seconds(std::max<std::uint32_t>(options.store_seconds, 1));
  media_settings.hls.dvr = std::chrono::seconds(options.dvr_seconds);
  media_settings.max_lag = std::chrono::milliseconds(options.max_lag_ms);
  media_settings.store_bytes = options.store_mb << 20;
  media_settings.store_total_bytes = options.store_total_mb << 20;
  media::Pipelines pipelines(std::move(media_settings));
  App::Settings settings = app_settings(options, state_dir);
  settings.driver.key = *key;
  auto devices = kept_devices(state_dir);
  if (!devices) return complain(devices.error(), 1);
  settings.kept_devices = std::move(*devices);
  const auto app = App::open(std::move(settings), pipelines);
  if (!app) return complain(app.error(), 1);
  (*app)->use(std::move(*certificate));
  (*app)->keep_devices = [state_dir](const std::string &kept) {
    if (const auto done = keep_devices(state_dir, kept); !done)
      g_warning("the paired devices are forgotten when the node ends: %s", done.error().detail.c_str());
  };
  const std::uint16_t http_port = (*app)->server().port();
  NatWatch nat({.stun = options.stun,
                .turn = options.turn,
                .origin = options.origin,
                .maps_ports = options.maps_ports && is_for_others(options.listen),
                .tcp_port = http_port},
               (*app)->driver(), pipelines);
  const auto udp = open_udp(options, http_port, nat);
  if (!udp) return complain(udp.error(), 1);
  if (*udp) {
    pipelines.use_endpoint((*udp)->object());
    (*app)->send_stun = [&endpoint = **udp](const std::string &id, const std::string &address) {
      return endpoint.send_response(id, address);
    };
    (*app)->links = {
        .expects = [&endpoint = **udp](const std::string &id) { return endpoint.expects_stream(id); },
        .accept = [&endpoint = **udp](const std::string &id,
                                      GIOStream *stream) { endpoint.accept_stream(id, stream); }};
  }
  nat.use(udp->get());
  (*app)->on_change = [&nat] { nat.changed(); };
  (*app)->on_leaving = [&nat] { nat.leave(); };
  (*app)->surroundings = [&nat] { return nat.surroundings(); };
  std::string line = "astralnode " + core::name_of((*app)->driver().node().self()) + " listening on " +
                     shown_url(options, http_port);
  if (options.origin.empty() && options.bootstrap.empty() && peer::remembered_peers(state_dir).empty())
    line +=
        "\nIt knows no other node: it is a network of one until another node connects (--bootstrap URL, "
        "--origin URL)";
  Reloading reloading(**app, background, options, state_dir, std::move(args));
  const int status = run(**app, reloading, [&] { background.ready(line, state_dir + "/log"); });
  // The app ends after the things that its callbacks use.
  (*app)->on_change = [] {};
  (*app)->on_leaving = [] {};
  (*app)->surroundings = [] { return api::Surroundings(); };
  (*app)->send_stun = [](const std::string &, const std::string &) { return false; };
  (*app)->links = {};
  return status;
}

}  // namespace
}  // namespace astral::node

int main(int argc, char **argv) {
  using namespace astral::node;
  astral::heap::keep();
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto options = read_options(args);
  if (!options) return complain(options.error(), 2);
  if (!options->shown.empty()) {
    std::cout << options->shown;
    return 0;
  }
  return start(*options, args);
}
