// SPDX-License-Identifier: BSD-3-Clause
#include "node/option_table.hpp"

#include <gio/gio.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "glue/ref.hpp"
#include "http/forwarded.hpp"

namespace astral::node {
namespace {

constexpr std::uint16_t default_bootstrap_port = 8000;
constexpr std::uint32_t most_children = 3'000;  // the relay's own maximum is 10,000 links
constexpr std::size_t max_listed = 64;          // values of one option
constexpr std::size_t min_token = 16, max_token = 256;
constexpr std::uint64_t max_capacity = 1'500;
constexpr std::size_t for_neighbours = 256;  // sessions with other supernodes, and those that tickets need
// Local players have a socket each, children that are registered elsewhere a session, and all of them a
// ticket; a child may have a second one while it renews its link.
static_assert(max_capacity + most_children + for_neighbours + core::kept_for_elements <= core::max_peers);
static_assert(most_children <= core::max_routed);
static_assert(3 * most_children <= core::max_tickets);

struct UriUnref {
  void operator()(GUri *uri) const { g_uri_unref(uri); }
};
using UriPtr = std::unique_ptr<GUri, UriUnref>;

tl::unexpected<Error> wrong(const std::string &label, const std::string &wanted, const std::string &value) {
  return fail(Code::invalid, label + ": must be " + wanted + ", not '" + value + "'");
}

bool has_only(const std::string &text, std::string_view marks) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return g_ascii_isalnum(c) || marks.find(c) != std::string_view::npos; });
}

// Null unless `text` is SCHEME://HOST[:PORT], or with `path` /PATH behind it, for one of `schemes`.
UriPtr parse_url(const std::string &text, std::initializer_list<std::string_view> schemes, bool path) {
  UriPtr uri(g_uri_parse(text.c_str(), G_URI_FLAGS_NONE, nullptr));
  if (!uri || std::ranges::find(schemes, g_uri_get_scheme(uri.get())) == schemes.end()) return nullptr;
  const bool good = g_uri_get_host(uri.get()) && *g_uri_get_host(uri.get()) && !g_uri_get_query(uri.get()) &&
                    !g_uri_get_fragment(uri.get()) && !g_uri_get_userinfo(uri.get()) &&
                    (path || !*g_uri_get_path(uri.get()));
  return good ? std::move(uri) : nullptr;
}

template <typename T>
void assign(T &to, std::uint64_t value) {
  to = static_cast<T>(value);
}
void assign(std::optional<std::uint64_t> &to, std::uint64_t value) {
  to = value;
}

template <auto member>
Expected<void> set_number(Options &options, const Option &option, const std::string &label,
                          const std::string &value) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  if (!whole || number < option.min || number > option.max)
    return wrong(label, "from " + std::to_string(option.min) + " to " + std::to_string(option.max), value);
  assign(options.*member, number);
  return {};
}

Expected<void> set_rtmp_port(Options &options, const Option &option, const std::string &label,
                             const std::string &value) {
  options.needs_rtmp = true;
  return set_number<&Options::rtmp_port>(options, option, label, value);
}

Expected<void> set_udp_port(Options &options, const Option &option, const std::string &label,
                            const std::string &value) {
  options.has_udp = value != "no";
  options.udp_port.reset();
  if (!options.has_udp) return {};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
  if (error != std::errc() || end != value.data() + value.size() || port > option.max)
    return wrong(label, "from 0 to " + std::to_string(option.max) + ", or no", value);
  options.udp_port = port;
  return {};
}

template <bool Options::*member>
Expected<void> set_flag(Options &options, const Option &, const std::string &label,
                        const std::string &value) {
  if (value != "true" && value != "false") return wrong(label, "true or false", value);
  options.*member = value == "true";
  return {};
}

Expected<void> set_label(Options &options, const Option &, const std::string &label,
                        const std::string &value) {
  if (!core::is_label(value))
    return wrong(label, "1 to 64 letters, digits and hyphens, and no uuid of a key", value);
  options.label = value;
  return {};
}

Expected<void> set_listen(Options &options, const Option &, const std::string &label,
                          const std::string &value) {
  if (!Ref<GInetAddress>::adopt(g_inet_address_new_from_string(value.c_str())))
    return wrong(label, "an IP address", value);
  options.listen = value;
  return {};
}

template <std::string Options::*member>
Expected<void> set_file(Options &options, const Option &, const std::string &label,
                        const std::string &value) {
  if (value.empty()) return wrong(label, "a file", value);
  const GString_ absolute(g_canonicalize_filename(value.c_str(), nullptr));
  options.*member = absolute.get();
  return {};
}

Expected<void> set_origin(Options &options, const Option &, const std::string &label,
                          const std::string &value) {
  if (!parse_url(value, {"http", "https"}, true)) return wrong(label, "http[s]://HOST[:PORT]", value);
  options.origin = value.substr(0, value.find_last_not_of('/') + 1);
  return {};
}

template <typename T>
Expected<void> add(std::vector<T> &list, const std::string &label, T value) {
  if (list.size() >= max_listed) return fail(Code::invalid, label + ": too many");
  list.push_back(std::move(value));
  return {};
}

Expected<void> add_bootstrap(Options &options, const Option &, const std::string &label,
                             const std::string &value) {
  const UriPtr uri = parse_url(value, {"http"}, true);
  if (!uri) return wrong(label, "http://HOST[:PORT]", value);
  const int port = g_uri_get_port(uri.get());
  return add(options.bootstrap, label,
             core::Address{g_uri_get_host(uri.get()),
                           port > 0 ? static_cast<std::uint16_t>(port) : default_bootstrap_port});
}

Expected<void> set_state_dir(Options &options, const Option &, const std::string &label,
                             const std::string &value) {
  if (value.empty()) return wrong(label, "a directory", value);
  const GString_ absolute(g_canonicalize_filename(value.c_str(), nullptr));
  options.state_dir = absolute.get();
  return {};
}

Expected<void> set_supernode(Options &options, const Option &, const std::string &label,
                             const std::string &value) {
  if (value != "auto" && value != "yes" && value != "no") return wrong(label, "auto, yes or no", value);
  options.supernode = value == "auto"  ? Supernode::automatic
                      : value == "yes" ? Supernode::yes
                                       : Supernode::no;
  return {};
}

Expected<void> set_seeding(Options &options, const Option &, const std::string &label,
                           const std::string &value) {
  if (value != "yes" && value != "near" && value != "no") return wrong(label, "yes, near or no", value);
  options.seeded_by = value == "yes"    ? core::SeededBy::anybody
                      : value == "near" ? core::SeededBy::neighbours
                                        : core::SeededBy::nobody;
  return {};
}

Expected<void> set_port_mapping(Options &options, const Option &, const std::string &label,
                                const std::string &value) {
  if (value != "yes" && value != "no") return wrong(label, "yes or no", value);
  options.maps_ports = value == "yes";
  return {};
}

Expected<void> set_stun(Options &options, const Option &, const std::string &label,
                        const std::string &value) {
  const auto address = Ref<GSocketConnectable>::adopt(g_network_address_parse(value.c_str(), 0, nullptr));
  if (!address || g_network_address_get_port(G_NETWORK_ADDRESS(address.get())) == 0 || value.empty() ||
      *g_network_address_get_hostname(G_NETWORK_ADDRESS(address.get())) == '\0')
    return wrong(label, "HOST:PORT", value);
  options.stun = value;
  return {};
}

// An error does not show the value, which holds a password: errors are logged.
Expected<void> set_turn(Options &options, const Option &, const std::string &label,
                        const std::string &value) {
  auto server = parse_turn_uri(value);
  if (!server) return fail(Code::invalid, label + ": " + server.error().detail);
  options.turn = std::move(*server);
  return {};
}

Expected<void> add_allowed_host(Options &options, const Option &, const std::string &label,
                                const std::string &value) {
  if (value.empty() || !has_only(value, ".-_")) return wrong(label, "a host's name without a port", value);
  return add(options.allowed_hosts, label, value);
}

Expected<void> add_allowed_origin(Options &options, const Option &, const std::string &label,
                                  const std::string &value) {
  if (!parse_url(value, {"http", "https"}, false)) return wrong(label, "http[s]://HOST[:PORT]", value);
  return add(options.allowed_origins, label, value);
}

Expected<void> add_trusted_proxy(Options &options, const Option &, const std::string &label,
                                 const std::string &value) {
  if (const auto read = http::TrustedProxies::read({value}); !read)
    return fail(Code::invalid, label + ": " + read.error().detail);
  return add(options.trusted_proxies, label, value);
}

// An error does not show the value: errors are logged.
Expected<void> set_token(Options &options, const Option &, const std::string &label,
                         const std::string &value) {
  if (value.size() < min_token || value.size() > max_token || !has_only(value, "-._~+/="))
    return fail(Code::invalid, label + ": must be 16 to 256 letters, digits and -._~+/=");
  options.token = value;
  return {};
}

// clang-format off
constexpr Option table[] = {
    {.name = "daemonize", .letter = 'D', .placeholder = "true|false", .help = "run in the background",
     .set = set_flag<&Options::daemonize>, .fallback = "false", .is_flag = true},
    {.name = "uuid", .letter = 'u', .placeholder = "LABEL",
     .help = "a label for people and commands, beside the uuid, which is made from the node's key",
     .set = set_label},
    {.name = "upstream-limit", .letter = 'l', .placeholder = "KBYTES_PER_S",
     .help = "upstream for all children together, 1 KB = 1000 bytes; by default the node measures it",
     .set = set_number<&Options::upstream_limit>, .max = 100'000'000},
    {.name = "port", .placeholder = "PORT", .help = "HTTP port; 0: a free one",
     .set = set_number<&Options::port>, .fallback = "8000", .max = 65535},
    {.name = "rtmp-port", .placeholder = "PORT",
     .help = "RTMP port, for OBS and others; 0: no RTMP. If the default port is taken, the node runs "
             "without RTMP",
     .set = set_rtmp_port, .fallback = "1935", .max = 65535},
    {.name = "udp-port", .placeholder = "PORT|no",
     .help = "UDP port: STUN, and the links to and from nodes that can reach each other; 0: a free one; no: "
             "none; by default the number of the HTTP port",
     .set = set_udp_port, .max = 65535},
    {.name = "port-mapping", .placeholder = "yes|no",
     .help = "whether the node asks the router of a home to forward its UDP port and its HTTP port to it, by NAT-PMP or UPnP",
     .set = set_port_mapping, .fallback = "yes"},
    {.name = "listen", .placeholder = "ADDRESS",
     .help = "IP address to listen on; 0.0.0.0: all. Changes are accepted only from this machine, or with the "
             "token of the settings file",
     .set = set_listen, .fallback = "0.0.0.0"},
    {.name = "origin", .placeholder = "URL", .help = "the origin, http[s]://HOST[:PORT]",
     .set = set_origin},
    {.name = "origin-ca", .placeholder = "FILE",
     .help = "PEM file of the authorities that the origin's certificate is checked by; it may be that "
             "certificate itself; by default those that this system trusts",
     .set = set_file<&Options::origin_ca>},
    {.name = "bootstrap", .placeholder = "URL",
     .help = "a node to connect to, http://HOST[:PORT], port 8000 by default; may be repeated",
     .set = add_bootstrap, .clear = [](Options &options) { options.bootstrap.clear(); }},
    {.name = "state-dir", .placeholder = "DIR",
     .help = "where the key is kept; by default ~/.local/state/astral, with --uuid astral-LABEL",
     .set = set_state_dir},
    {.name = "supernode", .placeholder = "auto|yes|no",
     .help = "whether other nodes may register with this one; auto: if no other supernode has room",
     .set = set_supernode, .fallback = "auto"},
    {.name = "capacity", .placeholder = "NODES", .help = "how many nodes may register with this one",
     .set = set_number<&Options::capacity>, .fallback = "100", .max = max_capacity},
    {.name = "max-children", .placeholder = "NODES",
     .help = "how many nodes may get streams from this one at a time; its upstream allows fewer in most cases",
     .set = set_number<&Options::max_children>, .fallback = "1000", .max = most_children},
    {.name = "max-players", .placeholder = "COUNT",
     .help = "how many players may play through this node: of one stream by GStreamer elements, by HTTP-FLV and "
             "its like, by RTMP, by WebRTC, each",
     .set = set_number<&Options::max_players>, .fallback = "1000", .max = most_children},
    {.name = "public", .placeholder = "true|false",
     .help = "let everybody play any stream through this node; the origin shows that",
     .set = set_flag<&Options::is_public>, .fallback = "false", .is_flag = true},
    {.name = "show-peers", .placeholder = "true|false",
     .help = "let everybody see which nodes and tickets this node knows, not only its owner",
     .set = set_flag<&Options::shows_peers>, .fallback = "false", .is_flag = true},
    {.name = "seeding", .placeholder = "yes|near|no",
     .help = "whether other nodes may make this one carry a stream; near: those of this machine and of its local "
             "network. A supernode relays for its own nodes all the same",
     .set = set_seeding, .fallback = "near"},
    {.name = "store-time", .placeholder = "SECONDS",
     .help = "how much of a stream the node keeps for children that need it again; three times as much of "
             "what is published here",
     .set = set_number<&Options::store_seconds>, .fallback = "10", .max = 60},
    {.name = "dvr", .placeholder = "SECONDS",
     .help = "how far viewers may rewind by HLS, as long as --store-size and --store-total have room for it",
     .set = set_number<&Options::dvr_seconds>, .fallback = "60", .max = 3600},
    {.name = "max-lag", .placeholder = "MILLISECONDS",
     .help = "on a line that is too thin for a stream, skip to the newest keyframe when this late; 0: never",
     .set = set_number<&Options::max_lag_ms>, .fallback = "3000", .max = 60'000},
    {.name = "publisher-wait", .placeholder = "SECONDS",
     .help = "how long players wait for a publisher that has vanished, or for its node; then the stream ends",
     .set = set_number<&Options::publisher_wait_seconds>, .fallback = "60", .max = 86'400},
    {.name = "store-size", .placeholder = "MB", .help = "the most that the node keeps of one stream",
     .set = set_number<&Options::store_mb>, .fallback = "64", .max = 65'536},
    {.name = "store-total", .placeholder = "MB",
     .help = "the most that the node keeps of all streams together",
     .set = set_number<&Options::store_total_mb>, .fallback = "512", .max = 65'536},
    {.name = "renew-links", .placeholder = "SECONDS",
     .help = "the age at which a new link to a parent replaces the old one",
     .set = set_number<&Options::renew_seconds>, .fallback = "21600", .min = 1, .max = 24 * 3600},
    {.name = "renew-groups", .placeholder = "COUNT",
     .help = "the number of groups after which a new link to a parent replaces the old one",
     // A link ends by itself after twice the maximum.
     .set = set_number<&Options::renew_groups>, .fallback = "100000", .min = 1, .max = 200'000},
    {.name = "stun", .placeholder = "HOST:PORT",
     .help = "a STUN server, by name, IPv4 or [IPv6] address; by default other nodes and the origin",
     .set = set_stun},
    {.name = "turn", .placeholder = "URI",
     .help = "a TURN server, turn://USER:PASSWORD@HOST[:PORT][?transport=tcp], for the nodes that have no "
             "direct path; the settings file hides it from others on this machine",
     .set = set_turn},
    {.name = "allowed-host", .placeholder = "NAME",
     .help = "a name in the Host header that the node accepts besides its IP addresses, localhost and the "
             "machine's name; may be repeated (settings file: allowed_hosts)",
     .set = add_allowed_host, .key = "allowed_hosts",
     .clear = [](Options &options) { options.allowed_hosts.clear(); }},
    {.name = "allowed-origin", .placeholder = "URL",
     .help = "http[s]://HOST[:PORT] of a site whose pages may control this node and show its player in a frame; may "
             "be repeated (settings file: allowed_origins)",
     .set = add_allowed_origin, .key = "allowed_origins",
     .clear = [](Options &options) { options.allowed_origins.clear(); }},
    {.name = "trusted-proxy", .placeholder = "ADDRESS[/BITS]",
     .help = "a reverse proxy whose X-Forwarded-For, -Proto, -Host and -Prefix the node believes; may be repeated "
             "(settings file: trusted_proxies)",
     .set = add_trusted_proxy, .key = "trusted_proxies",
     .clear = [](Options &options) { options.trusted_proxies.clear(); }},
    {.name = "tls-certificate", .placeholder = "FILE",
     .help = "PEM file of the certificate, and those that signed it, that browsers get by https:// on the HTTP "
             "port; by default the node makes one, of which browsers warn. SIGHUP reads it again",
     .set = set_file<&Options::tls_certificate>},
    {.name = "tls-key", .placeholder = "FILE",
     .help = "PEM file of its key; by default in the file of the certificate",
     .set = set_file<&Options::tls_key>},
    {.name = "token", .placeholder = nullptr, .help = nullptr, .set = set_token},
};
// clang-format on

}  // namespace

std::span<const Option> option_table() {
  return table;
}

std::string help_text(const Option &option) {
  std::string notes;
  if (option.max > 0) notes = std::to_string(option.min) + " to " + std::to_string(option.max);
  if (option.fallback) notes += std::string(notes.empty() ? "" : ", ") + "default " + option.fallback;
  return option.help + (notes.empty() ? "" : " (" + notes + ")");
}

}  // namespace astral::node
