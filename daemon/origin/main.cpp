// SPDX-License-Identifier: BSD-3-Clause
// astralorigin: where nodes find each other and people find streams. Options, composition, signals.
#include <glib-unix.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>

#include "glue/loop.hpp"
#include "http/server.hpp"
#include "origin/journal.hpp"
#include "origin/limits.hpp"
#include "origin/prober.hpp"
#include "origin/routes.hpp"
#include "origin/signalling.hpp"
#include "origin/stun_port.hpp"

namespace astral::origin {
namespace {

constexpr gint default_port = 4567;
constexpr gint default_signalling = 1000;
constexpr gint max_signalling = 1500;  // as a node's capacity: core::max_peers has to suffice
constexpr Time sweep_every = 10s;
constexpr Time for_answer = 60s;  // to take a response; a node's live streams may take longer

struct Options {
  std::string listen = "127.0.0.1";
  std::uint16_t port = default_port;
  std::string store;
  std::uint32_t signalling = default_signalling;  // nodes; 0: none
  std::string certificate, key;                   // PEM files; empty: a self-signed one
  std::string admin_token;                        // empty: nobody administers
  http::TrustedProxies proxies;
};

constexpr const char *summary =
    "Keeps the list of an Astral network's nodes and streams: JSON for nodes, pages for people.\n"
    "It accepts connections from this machine only, because everybody who can connect may register;\n"
    "--listen 0.0.0.0 (or ::) opens it to the network.";

constexpr std::size_t min_token = 16, max_token = 4096;

// The only line of a file.
Expected<std::string> read_token(const char *file) {
  gchar *raw = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  if (!g_file_get_contents(file, &raw, &size, &error)) return fail(Code::failed, GErrorPtr(error)->message);
  const GString_ contents(raw);
  const std::string token = g_strstrip(contents.get());
  const bool is_plain = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  if (is_plain && token.size() >= min_token && token.size() <= max_token) return token;
  return fail(Code::invalid, std::string(file) + " must have one line of " + std::to_string(min_token) +
                                 " to " + std::to_string(max_token) + " ASCII characters without spaces");
}

// The exit status if the program is to end at once, otherwise nothing.
std::optional<int> parse(int argc, char **argv, Options &options) {
  gchar *listen = nullptr;
  gchar *store = nullptr;
  gint port = default_port;
  gint signalling = default_signalling;
  gchar *certificate = nullptr;
  gchar *key = nullptr;
  gchar *admin = nullptr;
  gchar **proxies = nullptr;
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
      {"port", 'p', 0, G_OPTION_ARG_INT, &port, "TCP port; 0: any free one (default 4567)", "PORT"},
      {"listen", 0, 0, G_OPTION_ARG_STRING, &listen, "IP address to listen on (default 127.0.0.1)",
       "ADDRESS"},
      {"store", 0, 0, G_OPTION_ARG_STRING, &store,
       "where the lists are kept (default: origin.db in $XDG_DATA_HOME/astral); sqlite://:memory: keeps "
       "nothing",
       "sqlite:///PATH"},
      {"signalling", 0, 0, G_OPTION_ARG_INT, &signalling,
       "how many nodes that nobody can reach may signal through it (default 1000, at most 1500); 0: none",
       "NODES"},
      {"tls-certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate,
       "PEM file of the certificate for https:// on the same port (default: one that the origin makes)",
       "FILE"},
      {"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &key, "PEM file of its key (default: the certificate's)",
       "FILE"},
      {"admin-token", 0, 0, G_OPTION_ARG_FILENAME, &admin,
       "who sends the token that is in this file may hide and delete streams, and ban keys and addresses",
       "FILE"},
      {"trusted-proxy", 0, 0, G_OPTION_ARG_STRING_ARRAY, &proxies,
       "believe this reverse proxy's X-Forwarded-For, -Proto, -Host and -Prefix; may be repeated",
       "ADDRESS[/BITS]"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version and exit", nullptr},
      {}};
  GOptionContext *context = g_option_context_new(nullptr);
  g_option_context_set_summary(context, summary);
  g_option_context_add_main_entries(context, entries, nullptr);
  GError *raw = nullptr;
  const bool parsed = g_option_context_parse(context, &argc, &argv, &raw);
  g_option_context_free(context);
  const GString_ listen_owner(listen);
  const GString_ store_owner(store);
  const GString_ certificate_owner(certificate);
  const GString_ key_owner(key);
  const GString_ admin_owner(admin);
  const std::unique_ptr<gchar *, decltype(&g_strfreev)> proxies_owner(proxies, g_strfreev);
  const GErrorPtr error(raw);
  const auto usage = [](const std::string &why) {
    std::fprintf(stderr, "astralorigin: %s\nastralorigin: see astralorigin --help\n", why.c_str());
    return 2;
  };
  if (!parsed) return usage(error->message);
  if (argc > 1) return usage(std::string("unexpected argument ") + argv[1]);
  if (port < 0 || port > 65535) return usage("--port must be from 0 to 65535");
  if (signalling < 0 || signalling > max_signalling)
    return usage("--signalling must be from 0 to " + std::to_string(max_signalling));
  if (version) {
    std::printf("astralorigin %s\n", ASTRAL_VERSION);
    return 0;
  }
  const GString_ path(g_build_filename(g_get_user_data_dir(), "astral", "origin.db", nullptr));
  options.port = static_cast<std::uint16_t>(port);
  options.signalling = static_cast<std::uint32_t>(signalling);
  options.store = store ? std::string(store) : std::string("sqlite://") + path.get();
  if (listen) options.listen = listen;
  if (certificate) options.certificate = certificate;
  options.key = key ? key : options.certificate;
  if (admin) {
    auto token = read_token(admin);
    if (!token) return usage("--admin-token: " + token.error().detail);
    options.admin_token = std::move(*token);
  }
  std::vector<std::string> addresses;
  for (gchar **address = proxies; address && *address; ++address) addresses.emplace_back(*address);
  auto trusted = http::TrustedProxies::read(addresses);
  if (!trusted) return usage("--trusted-proxy: " + trusted.error().detail);
  options.proxies = std::move(*trusted);
  return std::nullopt;
}

UnixTime wall_clock() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

// A connection is a file; the usual soft limit is 1024.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int complain(const Error &error) {
  std::fprintf(stderr, "astralorigin: %s\n", error.detail.c_str());
  return error.code == Code::invalid ? 2 : 1;
}

// The running origin: the registry, the journal, the prober and the server.
class Origin {
 public:
  explicit Origin(std::unique_ptr<Store> store)
      : registry_(core::Rng(random_seed())),
        journal_(std::move(store)),
        prober_([this](const std::string &uuid, bool answered) { checked(uuid, answered); }),
        sweep_(g_main_context_default(), [this] { sweep(); }) {}

  void restore(Store::Contents contents) {
    for (Node &node : contents.nodes) registry_.restore(std::move(node));
    for (Stream &stream : contents.streams) registry_.restore(std::move(stream));
    for (auto &[name, ban] : contents.bans) registry_.restore(name, std::move(ban));
    sweep();
  }

  Expected<void> listen(const Options &options) {
    const auto key = own_key();
    if (!key) return tl::unexpected<Error>(key.error());
    std::vector<http::SocketRoute> sockets;
    if (options.signalling > 0) {
      signalling_ = std::make_unique<Signalling>(options.signalling, options.listen);
      http::SocketRoute route = signalling_->route();
      route.may_open = [this, has_room = std::move(route.may_open)](const http::Call &call) -> Expected<void> {
        if (auto admitted = registry_.bans().admit({.address = call.caller}); !admitted) return admitted;
        return has_room(call);
      };
      sockets.push_back(std::move(route));
    }
    auto server = http::Server::open(
        options.listen, options.port, routes(registry_, edges(options.admin_token, *key)), std::move(sockets),
        {.name = "astralorigin", .connections = max_connections, .for_answer = for_answer},
        {.token = options.admin_token, .proxies = options.proxies, .guesses = &guesses_});
    if (!server) return tl::unexpected(server.error());
    server_ = std::move(*server);
    g_message("this origin's key is %s", key->fingerprint().c_str());
    if (const auto using_tls = use_tls(options); !using_tls) return using_tls;
    if (signalling_) signalling_->start(server_->port());
    auto stun = StunPort::open(server_->port());
    if (stun)
      stun_ = std::move(*stun);
    else
      g_warning("no STUN: %s", stun.error().detail.c_str());
    return {};
  }

  // Reads the certificate; also again, at SIGHUP.
  Expected<void> use_tls(const Options &options) {
    auto certificate = certificate_of(options);
    if (!certificate) return tl::unexpected(certificate.error());
    server_->use(std::move(*certificate));
    return {};
  }

  const std::string &url() const { return server_->url(); }

 private:
  // A file that the origin makes, and keeps.
  static std::string own_file(const char *name) {
    const GString_ folder(g_build_filename(g_get_user_data_dir(), "astral", nullptr));
    g_mkdir_with_parents(folder.get(), 0700);
    return std::string(folder.get()) + "/" + name;
  }

  static Expected<Key> own_key() { return Key::load_or_create(own_file("origin-key.pem")); }

  static Expected<std::shared_ptr<const http::Certificate>> certificate_of(const Options &options) {
    if (!options.certificate.empty()) return http::Certificate::load(options.certificate, options.key);
    return http::Certificate::keep(own_file("origin-tls.pem"), http::local_names(options.listen));
  }

  static std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }

  Edges edges(const std::string &admin_token = {}, const std::optional<Key> &key = std::nullopt) {
    return {.clock = wall_clock,
            .keep = [this](Changes changes,
                           Journal::Kept kept) { journal_.keep(std::move(changes), std::move(kept)); },
            .check = [this](const Check &check) { return prober_.want(check); },
            .key = key,
            .admin_token = admin_token,
            .send_stun =
                [this](const std::string &id, const std::string &address) {
                  return stun_ && stun_->send_response(id, address);
                }};
  }

  void checked(const std::string &uuid, bool answered) {
    found(registry_, edges(), uuid, answered);
    const Node *node = answered && signalling_ ? registry_.node(uuid, wall_clock()) : nullptr;
    if (node != nullptr && node->supernode) signalling_->met(*node);
  }

  void sweep() {
    registry_.sweep(wall_clock());
    journal_.keep(registry_.take_changes(), {});
    sweep_.set(now() + sweep_every);
  }

  Registry registry_;
  Journal journal_;
  Prober prober_;
  Timer sweep_;
  http::Guesses guesses_;  // of the administrator's token
  std::unique_ptr<StunPort> stun_;
  std::unique_ptr<Signalling> signalling_;
  std::unique_ptr<http::Server> server_;  // destroyed first: its routes use all members above
};

gboolean quit(gpointer loop) noexcept {
  g_main_loop_quit(static_cast<GMainLoop *>(loop));
  return G_SOURCE_CONTINUE;
}

int run(int argc, char **argv) {
  Options options;
  if (const auto status = parse(argc, argv, options)) return *status;
  raise_file_limit();
  auto store = Store::open(options.store);
  if (!store) return complain(store.error());
  auto contents = (*store)->read();
  if (!contents) return complain(contents.error());
  Origin origin(std::move(*store));
  origin.restore(std::move(*contents));
  if (const auto listening = origin.listen(options); !listening) return complain(listening.error());

  const auto loop = Ref<GMainLoop>::adopt(g_main_loop_new(nullptr, FALSE));
  g_unix_signal_add(SIGINT, quit, loop.get());
  g_unix_signal_add(SIGTERM, quit, loop.get());
  // Its settings are its command line: a SIGHUP, which asks programs to read theirs again, renews only the
  // certificate.
  struct Renewal {
    Origin &origin;
    const Options &options;
  } renewal{origin, options};
  const GSourceFunc renew = [](gpointer data) noexcept -> gboolean {
    const auto *with = static_cast<Renewal *>(data);
    if (const auto done = with->origin.use_tls(with->options); !done)
      g_warning("the certificate stays as it was: %s", done.error().detail.c_str());
    return G_SOURCE_CONTINUE;
  };
  g_unix_signal_add(SIGHUP, renew, &renewal);
  std::printf("astralorigin listening on %s\n", origin.url().c_str());
  std::fflush(stdout);
  g_main_loop_run(loop.get());
  return 0;
}

}  // namespace
}  // namespace astral::origin

int main(int argc, char **argv) {
  return astral::origin::run(argc, argv);
}
