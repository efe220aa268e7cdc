// SPDX-License-Identifier: BSD-3-Clause
#include "node/settings.hpp"

#include <gio/gio.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "glue/ref.hpp"
#include "http/server.hpp"

namespace astral::node {
namespace {

constexpr const char *group = "astralnode";
constexpr std::uint16_t default_port = 8000;
constexpr std::uint64_t max_upstream_limit = 100'000'000;  // KB/s
constexpr std::size_t max_listed = 64;                     // values of one option
constexpr std::size_t min_token = 16, max_token = 256;
constexpr std::uint64_t max_renew_seconds = 24 * 3600;
constexpr std::uint64_t max_renew_groups = 200'000;  // with twice as many a link ends
constexpr std::uint64_t max_capacity = 1'500;
constexpr std::uint64_t max_store_seconds = 60, max_store_mb = 65'536;
constexpr std::size_t for_neighbours = 256;  // sessions with other supernodes, and those that tickets need
static_assert(max_capacity + for_neighbours + core::kept_for_elements <= core::max_peers);
constexpr std::size_t beside_children = 400;  // connections: neighbours, elements, players, calls

struct KeyFileFree {
  void operator()(GKeyFile *file) const { g_key_file_unref(file); }
};
struct UriUnref {
  void operator()(GUri *uri) const { g_uri_unref(uri); }
};
struct ContextFree {
  void operator()(GOptionContext *context) const { g_option_context_free(context); }
};

tl::unexpected<Error> wrong(const std::string &name, const std::string &wanted, const std::string &value) {
  return fail(Code::invalid, name + ": must be " + wanted + ", not '" + value + "'");
}

Expected<std::uint64_t> number(const std::string &name, const std::string &text, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > max) {
    return wrong(name, "from 0 to " + std::to_string(max), text);
  }
  return value;
}

using UriPtr = std::unique_ptr<GUri, UriUnref>;

UriPtr http_url(const std::string &text) {
  UriPtr uri(g_uri_parse(text.c_str(), G_URI_FLAGS_NONE, nullptr));
  const bool good = uri && std::strcmp(g_uri_get_scheme(uri.get()), "http") == 0 &&
                    g_uri_get_host(uri.get()) && *g_uri_get_host(uri.get()) && !g_uri_get_query(uri.get()) &&
                    !g_uri_get_fragment(uri.get()) && !g_uri_get_userinfo(uri.get());
  return good ? std::move(uri) : nullptr;
}

using Set = Expected<void> (*)(Options &, const std::string &name, const std::string &value);

Expected<void> set_uuid(Options &options, const std::string &name, const std::string &value) {
  if (!core::is_uuid(value)) return wrong(name, "1 to 64 letters, digits and hyphens", value);
  options.uuid = value;
  return {};
}
Expected<void> set_upstream_limit(Options &options, const std::string &name, const std::string &value) {
  const auto limit = number(name, value, max_upstream_limit);
  if (!limit) return tl::unexpected<Error>(limit.error());
  options.upstream_limit = *limit;
  return {};
}
Expected<void> set_listen(Options &options, const std::string &name, const std::string &value) {
  if (!Ref<GInetAddress>::adopt(g_inet_address_new_from_string(value.c_str()))) {
    return wrong(name, "an IP address", value);
  }
  options.listen = value;
  return {};
}
Expected<void> set_port(Options &options, const std::string &name, const std::string &value) {
  const auto port = number(name, value, 65535);
  if (!port) return tl::unexpected<Error>(port.error());
  options.port = static_cast<std::uint16_t>(*port);
  return {};
}
Expected<void> set_rtmp_port(Options &options, const std::string &name, const std::string &value) {
  const auto port = number(name, value, 65535);
  if (!port) return tl::unexpected<Error>(port.error());
  options.rtmp_port = static_cast<std::uint16_t>(*port);
  options.needs_rtmp = true;
  return {};
}
Expected<void> set_origin(Options &options, const std::string &name, const std::string &value) {
  if (!http_url(value)) return wrong(name, "http://HOST[:PORT]", value);
  options.origin = value.substr(0, value.find_last_not_of('/') + 1);
  return {};
}
Expected<void> add_bootstrap(Options &options, const std::string &name, const std::string &value) {
  const UriPtr uri = http_url(value);
  if (!uri) return wrong(name, "http://HOST[:PORT]", value);
  if (options.bootstrap.size() >= max_listed) return fail(Code::invalid, name + ": too many");
  const int port = g_uri_get_port(uri.get());
  options.bootstrap.push_back(
      {g_uri_get_host(uri.get()), port > 0 ? static_cast<std::uint16_t>(port) : default_port});
  return {};
}
Expected<void> set_state_dir(Options &options, const std::string &name, const std::string &value) {
  if (value.empty()) return wrong(name, "a directory", value);
  const GString_ absolute(g_canonicalize_filename(value.c_str(), nullptr));
  options.state_dir = absolute.get();
  return {};
}
Expected<void> set_supernode(Options &options, const std::string &name, const std::string &value) {
  if (value != "auto" && value != "yes" && value != "no") return wrong(name, "auto, yes or no", value);
  options.supernode = value == "auto"  ? Supernode::automatic
                      : value == "yes" ? Supernode::yes
                                       : Supernode::no;
  return {};
}
Expected<void> set_capacity(Options &options, const std::string &name, const std::string &value) {
  const auto count = number(name, value, max_capacity);
  if (!count) return tl::unexpected<Error>(count.error());
  options.capacity = static_cast<std::uint32_t>(*count);
  return {};
}
Expected<void> set_renew_links(Options &options, const std::string &name, const std::string &value) {
  const auto seconds = number(name, value, max_renew_seconds);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  if (*seconds == 0) return wrong(name, "at least 1", value);
  options.renew_seconds = static_cast<std::uint32_t>(*seconds);
  return {};
}
Expected<void> set_renew_groups(Options &options, const std::string &name, const std::string &value) {
  const auto groups = number(name, value, max_renew_groups);
  if (!groups) return tl::unexpected<Error>(groups.error());
  if (*groups == 0) return wrong(name, "at least 1", value);
  options.renew_groups = *groups;
  return {};
}
Expected<void> set_store_time(Options &options, const std::string &name, const std::string &value) {
  const auto seconds = number(name, value, max_store_seconds);
  if (!seconds) return tl::unexpected<Error>(seconds.error());
  options.store_seconds = static_cast<std::uint32_t>(*seconds);
  return {};
}
Expected<void> set_store_size(Options &options, const std::string &name, const std::string &value) {
  const auto megabytes = number(name, value, max_store_mb);
  if (!megabytes) return tl::unexpected<Error>(megabytes.error());
  (name.ends_with("total") ? options.store_total_mb : options.store_mb) = *megabytes;
  return {};
}
Expected<void> set_seeding(Options &options, const std::string &name, const std::string &value) {
  if (value != "yes" && value != "no") return wrong(name, "yes or no", value);
  options.may_be_seeded = value == "yes";
  return {};
}
Expected<void> set_stun(Options &options, const std::string &name, const std::string &value) {
  const auto address = Ref<GSocketConnectable>::adopt(g_network_address_parse(value.c_str(), 0, nullptr));
  if (!address || g_network_address_get_port(G_NETWORK_ADDRESS(address.get())) == 0 || value.empty() ||
      *g_network_address_get_hostname(G_NETWORK_ADDRESS(address.get())) == '\0') {
    return wrong(name, "HOST:PORT", value);
  }
  options.stun = value;
  return {};
}
Expected<void> add_allowed_host(Options &options, const std::string &name, const std::string &value) {
  const bool good = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return g_ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
  if (!good) return wrong(name, "a host's name without a port", value);
  if (options.allowed_hosts.size() >= max_listed) return fail(Code::invalid, name + ": too many");
  options.allowed_hosts.push_back(value);
  return {};
}
Expected<void> add_allowed_origin(Options &options, const std::string &name, const std::string &value) {
  const UriPtr uri(g_uri_parse(value.c_str(), G_URI_FLAGS_NONE, nullptr));
  const std::string scheme = uri ? g_uri_get_scheme(uri.get()) : "";
  const bool good = (scheme == "http" || scheme == "https") && g_uri_get_host(uri.get()) &&
                    *g_uri_get_host(uri.get()) && !*g_uri_get_path(uri.get()) &&
                    !g_uri_get_query(uri.get()) && !g_uri_get_fragment(uri.get()) &&
                    !g_uri_get_userinfo(uri.get());
  if (!good) return wrong(name, "http[s]://HOST[:PORT]", value);
  if (options.allowed_origins.size() >= max_listed) return fail(Code::invalid, name + ": too many");
  options.allowed_origins.push_back(value);
  return {};
}
// Its value is not told: it would stand in a log.
Expected<void> set_token(Options &options, const std::string &name, const std::string &value) {
  const bool good =
      value.size() >= min_token && value.size() <= max_token &&
      std::all_of(value.begin(), value.end(), [](char c) {
        return g_ascii_isalnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
      });
  if (!good) return fail(Code::invalid, name + ": must be 16 to 256 letters, digits and -._~+/=");
  options.token = value;
  return {};
}

// What has a value, on the command line and in the file.
struct Option {
  const char *name;
  char letter;
  const char *value;  // null: only in the file
  const char *help;
  Set set;
  const char *key = nullptr;  // in the file, when it is not the name
  void (*clear)(Options &) =
      nullptr;  // may be repeated: what the command line has replaces what the file has
};

constexpr std::array<Option, 20> valued{{
    {"uuid", 'u', "UUID", "this node's name; without it, the one kept in the state directory", set_uuid},
    {"upstream-limit", 'l', "KBYTES_PER_S", "what all children together may take; without it, as measured",
     set_upstream_limit},
    {"port", 0, "PORT", "HTTP port; 0: a free one (default 8000)", set_port},
    {"rtmp-port", 0, "PORT",
     "RTMP port, for OBS and others; 0: none (default 1935, and none where that is taken)", set_rtmp_port},
    {"listen", 0, "ADDRESS",
     "IP address to listen on (default 0.0.0.0: all; only this machine, or who has the token of the settings "
     "file, can change anything)",
     set_listen},
    {"origin", 0, "URL", "the origin, http://HOST[:PORT]", set_origin},
    {"bootstrap", 0, "URL", "a node to connect to, http://HOST[:PORT]; may be repeated (default port 8000)",
     add_bootstrap, nullptr, [](Options &options) { options.bootstrap.clear(); }},
    {"state-dir", 0, "DIR", "where the key and the uuid are kept (default ~/.local/state/astral)",
     set_state_dir},
    {"supernode", 0, "auto|yes|no",
     "whether other nodes may register with it; auto: where there is no other with room (default)",
     set_supernode},
    {"capacity", 0, "NODES", "how many nodes may register with it as a supernode (default 100, at most 1500)",
     set_capacity},
    {"seeding", 0, "yes|no", "whether other nodes may make it carry a stream (default yes)", set_seeding},
    {"store-time", 0, "SECONDS",
     "how long a stream's media is kept for who needs it again (default 10, at most 60); what is published "
     "here three times as long",
     set_store_time},
    {"store-size", 0, "MB", "at most so much of one stream (default 64)", set_store_size},
    {"store-total", 0, "MB", "and so much of all together (default 512)", set_store_size},
    {"renew-links", 0, "SECONDS",
     "how old a link to who feeds it gets before the next takes its place (default 21600, at most a "
     "day)",
     set_renew_links},
    {"renew-groups", 0, "COUNT", "or how many groups it brings (default 100000, at most 200000)",
     set_renew_groups},
    {"stun", 0, "HOST:PORT", "a STUN server", set_stun},
    {"allowed-host", 0, "NAME",
     "a name by which this node is asked for, besides its IP addresses, localhost and the machine's name; "
     "may be "
     "repeated (settings file: allowed_hosts)",
     add_allowed_host, "allowed_hosts", [](Options &options) { options.allowed_hosts.clear(); }},
    {"allowed-origin", 0, "URL",
     "http[s]://HOST[:PORT] of a site whose pages may drive this node; may be repeated (settings file: "
     "allowed_origins)",
     add_allowed_origin, "allowed_origins", [](Options &options) { options.allowed_origins.clear(); }},
    {"token", 0, nullptr, nullptr, set_token},
}};

// What may stand alone on the command line; in the file, and behind a '=', it is true or false.
struct Flag {
  const char *name;
  char letter;
  const char *help;
  bool Options::*value;
};

constexpr std::array<Flag, 2> flags{{
    {"daemonize", 'D', "run in the background", &Options::daemonize},
    {"public", 0, "let everybody play any stream through this node, by HLS, and have the origin say so",
     &Options::is_public},
}};

const Flag *flag_of(std::string_view key) {
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const Flag &flag) { return key == flag.name; });
  return found == flags.end() ? nullptr : &*found;
}

Expected<void> set_flag(Options &options, const Flag &flag, const std::string &name,
                        const std::string &value) {
  if (value != "true" && value != "false") return wrong(name, "true or false", value);
  options.*flag.value = value == "true";
  return {};
}

// A flag with its value, as it stands on the command line.
struct GivenFlag {
  const Flag *flag;
  std::string value;
};

// Takes the flags that have a value out of `args`: GLib ignores such values, so that --public=false would
// make the node public.
Expected<std::vector<GivenFlag>> take_flags(std::vector<std::string> &args) {
  std::vector<GivenFlag> given;
  std::vector<std::string> left;
  for (const std::string &arg : args) {
    const std::size_t equals = arg.find('=');
    const std::string name = arg.substr(0, equals);
    const Flag *flag = name.starts_with("--") ? flag_of(name.substr(2)) : nullptr;
    if (equals != std::string::npos && (name == "--version" || name == "--help"))
      return fail(Code::invalid, name + ": takes no value");
    if (equals != std::string::npos && flag)
      given.push_back({flag, arg.substr(equals + 1)});
    else
      left.push_back(arg);
  }
  args = std::move(left);
  return given;
}

const char *key_of(const Option &option) {
  return option.key ? option.key : option.name;
}

Expected<void> read_file(Options &options, const std::string &path) {
  const std::unique_ptr<GKeyFile, KeyFileFree> file(g_key_file_new());
  GError *raw = nullptr;
  if (!g_key_file_load_from_file(file.get(), path.c_str(), G_KEY_FILE_NONE, &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::invalid, "--settings: " + path + ": " + error->message);
  }
  gsize count = 0;
  const std::unique_ptr<char *, void (*)(char **)> keys(
      g_key_file_get_keys(file.get(), group, &count, nullptr), g_strfreev);
  if (!keys) return fail(Code::invalid, "--settings: " + path + ": has no group [" + group + "]");
  for (gsize i = 0; i < count; ++i) {
    const std::string key = keys.get()[i];
    const std::string name = path + ": " + key;
    const auto known =
        std::find_if(valued.begin(), valued.end(), [&](const Option &o) { return key == key_of(o); });
    const Flag *flag = flag_of(key);
    if (known == valued.end() && !flag) return fail(Code::invalid, name + ": no such setting");
    gsize values = 0;
    const std::unique_ptr<char *, void (*)(char **)> list(
        g_key_file_get_string_list(file.get(), group, key.c_str(), &values, nullptr), g_strfreev);
    if (values > 1 && (flag || !known->clear)) return fail(Code::invalid, name + ": has more than one value");
    for (gsize j = 0; j < std::max<gsize>(values, 1); ++j) {
      const std::string value = values > 0 ? list.get()[j] : "";
      const auto done = flag ? set_flag(options, *flag, name, value) : known->set(options, name, value);
      if (!done) return done;
    }
  }
  return {};
}

}  // namespace

Expected<Options> read_options(std::vector<std::string> args) {
  const auto with_value = take_flags(args);
  if (!with_value) return tl::unexpected<Error>(with_value.error());
  std::array<char **, valued.size()> given{};
  std::array<gboolean, flags.size()> alone{};
  char *settings = nullptr;
  gboolean version = FALSE, help = FALSE;
  std::vector<GOptionEntry> entries{
      {"settings", 's', 0, G_OPTION_ARG_FILENAME, &settings, "a file with these options, group [astralnode]",
       "FILE"},
      {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version", nullptr},
      {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "print this", nullptr},
  };
  for (std::size_t i = 0; i < flags.size(); ++i)
    entries.push_back({flags[i].name, flags[i].letter, 0, G_OPTION_ARG_NONE, &alone[i], flags[i].help, nullptr});
  for (std::size_t i = 0; i < valued.size(); ++i) {
    if (!valued[i].value) continue;
    entries.push_back({valued[i].name, valued[i].letter, 0, G_OPTION_ARG_STRING_ARRAY, &given[i],
                       valued[i].help, valued[i].value});
  }
  entries.push_back({});

  const std::unique_ptr<GOptionContext, ContextFree> context(g_option_context_new(nullptr));
  g_option_context_set_summary(context.get(), "A node of Astral, the peer-to-peer network for live video.");
  g_option_context_set_description(
      context.get(),
      "The settings file has the same names, and token = SECRET, which no command line shows. Whoever sends\n"
      "'Authorization: Bearer SECRET' may do from elsewhere what this machine may do.");
  g_option_context_set_help_enabled(context.get(), FALSE);
  g_option_context_add_main_entries(context.get(), entries.data(), nullptr);
  char **argv = g_new0(char *, args.size() + 2);
  argv[0] = g_strdup("astralnode");
  for (std::size_t i = 0; i < args.size(); ++i) argv[i + 1] = g_strdup(args[i].c_str());
  GError *raw = nullptr;
  const bool parsed = g_option_context_parse_strv(context.get(), &argv, &raw);
  const GErrorPtr error(raw);
  const std::string left = parsed && argv[1] ? argv[1] : "";
  g_strfreev(argv);

  Options options;
  const auto read = [&]() -> Expected<void> {
    if (!parsed) return fail(Code::invalid, error->message);
    if (!left.empty()) return fail(Code::invalid, "'" + left + "' is no option");
    if (help) {
      options.shown = GString_(g_option_context_get_help(context.get(), TRUE, nullptr)).get();
    } else if (version) {
      options.shown = "astralnode " ASTRAL_VERSION "\n";
    }
    if (!options.shown.empty()) return {};
    if (settings) {
      options.settings_file = settings;
      if (const auto done = read_file(options, settings); !done) return done;
    }
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const std::string name = std::string("--") + flags[i].name;
      int times = alone[i] ? 1 : 0;
      if (alone[i]) options.*flags[i].value = true;
      for (const GivenFlag &flag : *with_value) {
        if (flag.flag != &flags[i]) continue;
        if (const auto done = set_flag(options, flags[i], name, flag.value); !done) return done;
        ++times;
      }
      if (times > 1) return fail(Code::invalid, name + ": given twice");
    }
    for (std::size_t i = 0; i < valued.size(); ++i) {
      if (!given[i]) continue;
      const std::string name = std::string("--") + valued[i].name;
      if (valued[i].clear) valued[i].clear(options);
      if (!valued[i].clear && given[i][1]) return fail(Code::invalid, name + ": given twice");
      for (char **value = given[i]; *value; ++value) {
        if (const auto done = valued[i].set(options, name, *value); !done) return done;
      }
    }
    return {};
  }();
  g_free(settings);
  for (char **values : given) g_strfreev(values);
  if (!read) return tl::unexpected<Error>(read.error());
  return options;
}

std::string default_state_dir(const Options &options) {
  const std::string name = options.uuid.empty() ? "astral" : "astral-" + options.uuid;
  return GString_(g_build_filename(g_get_user_state_dir(), name.c_str(), nullptr)).get();
}

std::size_t max_connections(const Options &options) {
  return std::max(http::ServerLimits{}.connections, options.capacity + beside_children);
}

Expected<void> make_state_dir(const std::string &directory) {
  if (g_mkdir_with_parents(directory.c_str(), 0700) == 0) return {};
  return fail(Code::failed, "--state-dir: cannot make " + directory + ": " + g_strerror(errno));
}

Expected<core::Uuid> kept_uuid(const std::string &directory) {
  const std::string path = directory + "/uuid";
  char *text = nullptr;
  GError *raw = nullptr;
  if (g_file_get_contents(path.c_str(), &text, nullptr, &raw)) {
    const GString_ kept(g_strstrip(text));
    if (core::is_uuid(kept.get())) return core::Uuid(kept.get());
    return fail(Code::invalid, path + ": holds no uuid");
  }
  const GErrorPtr error(raw);
  if (!g_error_matches(error.get(), G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return fail(Code::failed, error->message);
  const core::Uuid uuid = GString_(g_uuid_string_random()).get();
  const std::string line = uuid + "\n";
  GError *unwritten = nullptr;
  if (!g_file_set_contents_full(path.c_str(), line.c_str(), static_cast<gssize>(line.size()),
                                G_FILE_SET_CONTENTS_CONSISTENT, 0600, &unwritten)) {
    const GErrorPtr why(unwritten);
    return fail(Code::failed, why->message);
  }
  return uuid;
}

}  // namespace astral::node
