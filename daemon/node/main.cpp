// SPDX-License-Identifier: BSD-3-Clause
// astralnode: reads the settings, opens what the node needs, runs until SIGINT, SIGTERM or DELETE /node.
#include <glib-unix.h>
#include <gst/gst.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "api/log.hpp"
#include "glue/file_lock.hpp"
#include "glue/heap.hpp"
#include "glue/key.hpp"
#include "media/elements.hpp"
#include "media/pipelines.hpp"
#include "node/app.hpp"
#include "node/background.hpp"
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

App::Settings app_settings(const Options &options, const core::Uuid &uuid, const std::string &state_dir) {
  App::Settings settings;
  core::Settings &node = settings.driver.node;
  node.self.uuid = uuid;
  node.role = options.supernode == Supernode::yes  ? core::Role::supernode
              : options.supernode == Supernode::no ? core::Role::child
                                                   : core::Role::automatic;
  node.capacity = options.capacity;
  node.may_be_seeded = options.may_be_seeded;
  node.timeouts.renew = std::chrono::seconds(options.renew_seconds);
  node.renew_streams = options.renew_groups;
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(options.listen.c_str()));
  // Otherwise peers see the address.
  if (!g_inet_address_get_is_any(listen.get())) node.self.ip_address = options.listen;
  if (options.upstream_limit) node.upstream_bps = *options.upstream_limit * 8000;
  node.bootstrap = options.bootstrap;
  settings.driver.origin = options.origin;
  settings.driver.is_public = options.is_public;
  settings.driver.state_dir = state_dir;
  settings.listen = options.listen;
  settings.port = options.port;
  settings.rtmp_port = options.rtmp_port;
  settings.needs_rtmp = options.needs_rtmp;
  settings.server.connections = max_connections(options);
  settings.access.hosts = options.allowed_hosts;
  settings.access.hosts.emplace_back(g_get_host_name());
  settings.access.origins = options.allowed_origins;
  settings.access.token = options.token;
  return settings;
}

std::string shown_url(const Options &options, std::uint16_t port) {
  const auto listen = Ref<GInetAddress>::adopt(g_inet_address_new_from_string(options.listen.c_str()));
  const bool six = g_inet_address_get_family(listen.get()) == G_SOCKET_FAMILY_IPV6;
  std::string host = options.listen;
  if (g_inet_address_get_is_any(listen.get())) host = six ? "::1" : "127.0.0.1";
  return "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

int run(App &app) {
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
  app.on_gone = [&] { g_main_loop_quit(loop.get()); };
  g_main_loop_run(loop.get());
  return 0;
}

int start(const Options &options) {
  Background background(options.daemonize);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  api::Log::begin(options.token);
  gst_init(nullptr, nullptr);
  if (const auto found = media::find_elements(); !found) return complain(found.error(), 1);

  const std::string state_dir =
      options.state_dir.empty() ? default_state_dir(options.uuid) : options.state_dir;
  if (const auto made = make_state_dir(state_dir); !made) return complain(made.error(), 1);
  const auto lock = FileLock::take(state_dir + "/lock", "astralnode");
  if (!lock)
    return complain({lock.error().code, "--state-dir: " + state_dir + ": " + lock.error().detail}, 1);
  const auto uuid = options.uuid.empty() ? kept_uuid(state_dir) : Expected<core::Uuid>(options.uuid);
  if (!uuid) return complain(uuid.error(), 1);
  const std::string key_file = state_dir + "/key.pem";
  const auto key = Key::load_or_create(key_file);
  if (!key) return complain(key.error(), 1);

  media::Settings media_settings;
  media_settings.key_file = key_file;
  media_settings.stun = options.stun;
  media_settings.store_time = std::chrono::seconds(std::max<std::uint32_t>(options.store_seconds, 1));
  media_settings.store_bytes = options.store_mb << 20;
  media_settings.store_total_bytes = options.store_total_mb << 20;
  media::Pipelines pipelines(std::move(media_settings));
  const auto app = App::open(app_settings(options, *uuid, state_dir), pipelines);
  if (!app) return complain(app.error(), 1);
  std::string line = "astralnode " + *uuid + " listening on " + shown_url(options, (*app)->server().port());
  if (options.origin.empty() && options.bootstrap.empty() && peer::remembered_peers(state_dir).empty())
    line +=
        "\nIt knows no other node: it is a network of one until another node connects (--bootstrap URL, "
        "--origin URL)";
  background.ready(line);
  return run(**app);
}

}  // namespace
}  // namespace astral::node

int main(int argc, char **argv) {
  using namespace astral::node;
  astral::heap::keep();
  const auto options = read_options({argv + 1, argv + argc});
  if (!options) return complain(options.error(), 2);
  if (!options->shown.empty()) {
    std::cout << options->shown;
    return 0;
  }
  return start(*options);
}
