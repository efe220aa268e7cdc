// SPDX-License-Identifier: BSD-3-Clause
#include "elements/settings.hpp"

#include "elements/gstastral.hpp"

#include <gio/gio.h>

#include <algorithm>

#include "protocol/invitation.hpp"

namespace astral::elements {

namespace {

constexpr std::uint16_t default_stun_port = 3478;  // RFC 8489, 18.6

constexpr auto rw =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto live =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
// Who may read the properties, or draw the pipeline, learns no password.
constexpr auto secret =
    static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto live_secret =
    static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
constexpr auto ro = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

GType signaller_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(SignallerKind::node), "Through a WebSocket to the node", "node"},
      {static_cast<int>(SignallerKind::application), "By the application, through signals", "application"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("AstralSignaller", values);
  return type;
}

GParamSpec *text(const char *name, const char *nick, const char *blurb, const char *initial = nullptr) {
  return g_param_spec_string(name, nick, blurb, initial, rw);
}

GParamSpec *spec_of(Property id, const ElementSettings &initial) {
  switch (id) {
    case prop_uri:
      return text("uri", "URI", "The stream, astral://HOST[:PORT]/SLUG; the query sets other properties");
    case prop_node:
      return text("node", "Node", "URL of the node for signalling; the URI sets it too", default_node);
    case prop_slug:
      return text("slug", "Slug",
                  "Short name of the stream (a-z, 0-9, hyphens; at most 48), as its node knows it; the URI "
                  "sets it too");
    case prop_title:
      return text("title", "Title", "Title of the stream, for people (NULL: the slug)");
    case prop_description:
      return text("description", "Description", "Description of the stream, for people");
    case prop_bitrate:
      return g_param_spec_uint("bitrate", "Bit rate",
                               "Bit rate that nodes count with until they have measured it, in kbit/s (0: "
                               "as the caps say, else not known)",
                               0, 1'000'000'000, initial.bitrate_kbps, rw);
    case prop_key_file:
      return text("key-file", "Key file",
                  "File with the Ed25519 key, PKCS#8 PEM; created if missing (NULL: a new key for each run)");
    case prop_stream_key_file:
      return text(
          "stream-key-file", "Stream key file",
          "File with the Ed25519 key that signs what the element publishes, PKCS#8 PEM; created if missing "
          "(NULL: a new key for each run). A node signs anew what is published at it, with a key of its own");
    case prop_stream_key:
      return text("stream-key", "Stream key",
                  "Fingerprint of the key that has to sign the stream: SHA-256, 64 lower-case hexadecimal "
                  "digits (NULL: the first key that is seen)");
    case prop_signing_key:
      return g_param_spec_string(
          "signing-key", "Signing key",
          "The stream's Ed25519 key, PKCS#8 PEM (not a file): the relay signs anew what its parents, which "
          "are the stream's publishers, have signed with keys of their own (NULL: it forwards only). A URI "
          "does not set it",
          nullptr, secret);
    case prop_privacy:
      return g_param_spec_string("privacy", "Privacy",
                                 "Who can read the stream, which is then encrypted: JSON with name, "
                                 "description and guests, a list of id and secret in "
                                 "hexadecimal (NULL: it is public). Only with signing-key; changes take "
                                 "effect with the next group. A URI does not set it",
                                 nullptr, live_secret);
    case prop_invitation:
      return g_param_spec_string("invitation", "Invitation",
                                 "The invitation with which a private stream is decrypted (NULL: none). A "
                                 "URI does not set it; astralrelay applies changes at once",
                                 nullptr, live_secret);
    case prop_stun_server:
      return text("stun-server", "STUN server",
                  "STUN server for ICE, HOST[:PORT] (NULL: no server-reflexive candidates); astralrelay "
                  "applies changes to new links, of addresses only");
    case prop_turn_server:
      return g_param_spec_string(
          "turn-server", "TURN server",
          "TURN server for ICE, turn://username:password@host:port[?transport=udp|tcp], the first two "
          "percent-encoded (NULL: no relay candidates). A URI does not set it; astralrelay applies changes "
          "to new links, of addresses only",
          nullptr, secret);
    case prop_endpoint:
      return g_param_spec_object(
          "endpoint", "Endpoint",
          "The AstralEndpoint whose UDP port the links use (NULL: a provider has ICE only, and a consumer "
          "uses a port of its own for each link)",
          astral_endpoint_get_type(), rw);
    case prop_signaller:
      return g_param_spec_enum("signaller", "Signaller", "How signalling messages travel", signaller_type(),
                               static_cast<int>(initial.signaller), rw);
    case prop_max_children:
      return g_param_spec_uint("max-children", "Maximum children", "Maximum number of children at a time", 0,
                               10'000, initial.max_children, rw);
    case prop_store_bytes:
      return g_param_spec_uint64("store-bytes", "Store bytes",
                                 "Size of the store, in bytes; astralrelay applies changes at once",
                                 64 * 1024, G_MAXUINT64 / 2, initial.store_bytes, rw);
    case prop_store_time:
      return g_param_spec_uint("store-time", "Store time",
                               "How long the store keeps objects, in milliseconds", 100, 3'600'000,
                               initial.store_time_ms, rw);
    case prop_latency:
      return g_param_spec_uint("latency", "Latency",
                               "How long sinks wait, so that late objects are in time, in milliseconds", 0,
                               60'000, initial.latency_ms, rw);
    case prop_max_lag:
      return g_param_spec_uint("max-lag", "Maximum lag",
                               "On a line that is too thin for the stream, skip to the newest group when "
                               "this late, in milliseconds; a lag that shrinks is left alone (0: never skip)",
                               0, 60'000, initial.max_lag_ms, rw);
    case prop_standby:
      return g_param_spec_boolean("standby", "Standby",
                                  "Keep the link and the subscription, but receive no objects; takes effect "
                                  "at once. Leaving standby fetches what the next element lacks",
                                  initial.standby, live);
    case prop_auto_reconnect:
      return g_param_spec_boolean("auto-reconnect", "Automatic reconnect",
                                  "Keep trying if the stream cannot be had or is lost, and say why in "
                                  "warnings; otherwise that is an error",
                                  initial.auto_reconnect, rw);
    case prop_stats:
      return g_param_spec_boxed(
          "stats", "Statistics",
          "application/x-astral-stats: bytes, objects, groups, largest-group, rate-bps (bit/s), lag-ms, "
          "rtt-ms "
          "(milliseconds), carried-bps, needed-bps, refused, forged, stream-key, peers, skipped, dropped-bytes, "
          "links",
          GST_TYPE_STRUCTURE, ro);
  }
  return nullptr;
}

void set_text(std::string &field, const GValue *value, const char *otherwise = "") {
  const char *given = g_value_get_string(value);
  field = given ? given : otherwise;
}

// Empty: the name cannot be resolved.
std::string address_of(const char *name) {
  const auto resolver = Ref<GResolver>::adopt(g_resolver_get_default());
  GList *found = g_resolver_lookup_by_name(resolver.get(), name, nullptr, nullptr);
  if (!found) {
    GST_WARNING("the server %s cannot be resolved; links go on without it", name);
    return {};
  }
  const GString_ first(g_inet_address_to_string(static_cast<GInetAddress *>(found->data)));
  g_resolver_free_addresses(found);
  return first.get();
}

void get_text(const std::string &field, GValue *value) {
  g_value_set_string(value, field.empty() ? nullptr : field.c_str());
}

}  // namespace

void install_property(GObjectClass *type, Property id, const ElementSettings &initial) {
  g_object_class_install_property(type, id, spec_of(id, initial));
}

Signals install_signals(GType type, void (*handle_signalling)(GstElement *, const char *)) {
  const auto peer_signal = [&](const char *name) {
    return g_signal_new(name, type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr, G_TYPE_NONE, 2,
                        G_TYPE_STRING, G_TYPE_STRING);
  };
  g_signal_new_class_handler(
      "handle-signalling", type, static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
      G_CALLBACK(handle_signalling), nullptr, nullptr, nullptr, G_TYPE_NONE, 1, G_TYPE_STRING);
  gst_type_mark_as_plugin_api(signaller_type(), static_cast<GstPluginAPIFlags>(0));
  return {peer_signal("peer-added"), peer_signal("peer-removed"),
          g_signal_new("signalling-message", type, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                       G_TYPE_NONE, 1, G_TYPE_STRING)};
}

bool set_property(ElementSettings &settings, guint id, const GValue *value) {
  switch (id) {
    case prop_node:
      set_text(settings.node, value, default_node);
      return true;
    case prop_slug:
      set_text(settings.slug, value);
      return true;
    case prop_title:
      set_text(settings.title, value);
      return true;
    case prop_description:
      set_text(settings.description, value);
      return true;
    case prop_bitrate:
      settings.bitrate_kbps = g_value_get_uint(value);
      return true;
    case prop_key_file:
      set_text(settings.key_file, value);
      return true;
    case prop_stream_key_file:
      set_text(settings.stream_key_file, value);
      return true;
    case prop_stream_key:
      set_text(settings.stream_key, value);
      return true;
    case prop_signing_key:
      set_text(settings.signing_key, value);
      return true;
    case prop_privacy:
      set_text(settings.privacy, value);
      return true;
    case prop_invitation:
      set_text(settings.invitation, value);
      return true;
    case prop_stun_server:
      set_text(settings.stun_server, value);
      return true;
    case prop_turn_server:
      set_text(settings.turn_server, value);
      return true;
    case prop_endpoint:
      settings.endpoint_object = Ref<GObject>::retain(static_cast<GObject *>(g_value_get_object(value)));
      settings.endpoint = astral_endpoint_of(settings.endpoint_object.get());
      return true;
    case prop_signaller:
      settings.signaller = static_cast<SignallerKind>(g_value_get_enum(value));
      return true;
    case prop_max_children:
      settings.max_children = g_value_get_uint(value);
      return true;
    case prop_store_bytes:
      settings.store_bytes = g_value_get_uint64(value);
      return true;
    case prop_store_time:
      settings.store_time_ms = g_value_get_uint(value);
      return true;
    case prop_latency:
      settings.latency_ms = g_value_get_uint(value);
      return true;
    case prop_max_lag:
      settings.max_lag_ms = g_value_get_uint(value);
      return true;
    case prop_standby:
      settings.standby = g_value_get_boolean(value);
      return true;
    case prop_auto_reconnect:
      settings.auto_reconnect = g_value_get_boolean(value);
      return true;
    default:
      return false;
  }
}

bool get_property(const ElementSettings &settings, guint id, GValue *value) {
  switch (id) {
    case prop_uri:
      get_text(settings.uri, value);
      return true;
    case prop_node:
      get_text(settings.node, value);
      return true;
    case prop_slug:
      get_text(settings.slug, value);
      return true;
    case prop_title:
      get_text(settings.title, value);
      return true;
    case prop_description:
      get_text(settings.description, value);
      return true;
    case prop_bitrate:
      g_value_set_uint(value, settings.bitrate_kbps);
      return true;
    case prop_key_file:
      get_text(settings.key_file, value);
      return true;
    case prop_stream_key_file:
      get_text(settings.stream_key_file, value);
      return true;
    case prop_stream_key:
      get_text(settings.stream_key, value);
      return true;
    case prop_stun_server:
      get_text(settings.stun_server, value);
      return true;
    case prop_endpoint:
      g_value_set_object(value, settings.endpoint_object.get());
      return true;
    case prop_signaller:
      g_value_set_enum(value, static_cast<int>(settings.signaller));
      return true;
    case prop_max_children:
      g_value_set_uint(value, settings.max_children);
      return true;
    case prop_store_bytes:
      g_value_set_uint64(value, settings.store_bytes);
      return true;
    case prop_store_time:
      g_value_set_uint(value, settings.store_time_ms);
      return true;
    case prop_latency:
      g_value_set_uint(value, settings.latency_ms);
      return true;
    case prop_max_lag:
      g_value_set_uint(value, settings.max_lag_ms);
      return true;
    case prop_standby:
      g_value_set_boolean(value, settings.standby);
      return true;
    case prop_auto_reconnect:
      g_value_set_boolean(value, settings.auto_reconnect);
      return true;
    default:
      return false;
  }
}

void take_address(ElementSettings &settings, const ElementSettings &from) {
  settings.uri = from.uri;
  settings.bad_uri.clear();
  settings.node = from.node;
  settings.slug = from.slug;
}

Expected<void> apply_uri(ElementSettings &settings, GstElement *element, const std::string &uri) {
  if (uri.empty()) {
    settings.uri.clear();
    return {};
  }
  auto parsed = parse_uri(uri);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  // URIs are shown and logged.
  for (const char *name : {"turn-server", "signing-key", "privacy", "invitation"})
    if (std::ranges::any_of(parsed->query, [&](const auto &one) { return one.first == name; }))
      return fail(Code::invalid, "a URI cannot set " + std::string(name) + ", which nobody may read");
  for (auto &[name, value] : parsed->query) {
    if (name == "key") name = "stream-key";  // astral://HOST/SLUG?key=FINGERPRINT
    const GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name.c_str());
    if (!spec || name == "uri" || !(spec->flags & G_PARAM_WRITABLE) ||
        spec->owner_type != G_OBJECT_TYPE(element))
      return fail(Code::invalid, "'" + name + "' in '" + uri + "' is not a property");
  }
  settings.uri = uri;
  settings.node = parsed->node;
  settings.slug = parsed->slug;
  for (const auto &[name, value] : parsed->query)
    gst_util_set_object_arg(G_OBJECT(element), name.c_str(), value.c_str());
  return {};
}

Expected<void> check(const ElementSettings &settings) {
  if (!settings.bad_uri.empty()) return fail(Code::invalid, settings.bad_uri);
  if (settings.slug.empty()) return fail(Code::not_found, "no stream is named: set uri or slug");
  if (!settings.stream_key.empty() && !is_fingerprint(settings.stream_key))
    return fail(Code::invalid, "stream-key is not a fingerprint: 64 lower-case hexadecimal digits");
  return {};
}

Expected<LinkSettings> link_settings(const ElementSettings &settings) {
  auto key = settings.key_file.empty() ? Key::generate() : Key::load_or_create(settings.key_file);
  if (!key) return tl::unexpected<Error>(key.error());
  LinkSettings link{.key = *key, .endpoint = settings.endpoint};
  auto server = resolve_stun(settings.stun_server);
  if (!server) return tl::unexpected<Error>(server.error());
  link.stun = std::move(*server);
  auto turn = resolve_turn(settings.turn_server);
  if (!turn) return fail(turn.error().code, "turn-server " + turn.error().detail);
  link.turn = std::move(*turn);
  return link;
}

Expected<std::optional<trust::Guest>> guest_of(const ElementSettings &settings) {
  if (settings.invitation.empty()) return std::nullopt;
  const auto invitation = protocol::read_invitation(settings.invitation);
  if (!invitation) return tl::unexpected<Error>(invitation.error());
  if (invitation->slug != settings.slug)
    return fail(Code::invalid, "the invitation is to another stream than '" + settings.slug + "'");
  return trust::Guest{invitation->id, invitation->secret};
}

Fingerprint stream_key_of(const ElementSettings &settings) {
  if (!settings.stream_key.empty() || settings.invitation.empty()) return settings.stream_key;
  const auto invitation = protocol::read_invitation(settings.invitation);
  const auto key = invitation ? PublicKey::from_raw(invitation->key) : fail(Code::invalid, "");
  return key ? key->fingerprint() : Fingerprint();
}

StunServer numeric_stun(const udp::Address &address) {
  const std::string text = stun::to_text(address);
  const std::size_t end = text.rfind(':');
  return {address.size == 4 ? text.substr(0, end) : text.substr(1, end - 2), address.port};
}

// The port is parsed by GLib: "HOST", "HOST:PORT", "2001:db8::1", "[2001:db8::1]:PORT".
Expected<StunServer> resolve_stun(const std::string &text) {
  if (text.empty()) return StunServer{};
  GError *raw = nullptr;
  const auto parsed =
      Ref<GSocketConnectable>::adopt(g_network_address_parse(text.c_str(), default_stun_port, &raw));
  const GErrorPtr error(raw);
  auto *address = reinterpret_cast<GNetworkAddress *>(parsed.get());
  if (!address || g_network_address_get_port(address) == 0 || !*g_network_address_get_hostname(address))
    return fail(Code::invalid, "the STUN server '" + text + "' is not HOST[:PORT]");
  const char *host = g_network_address_get_hostname(address);
  const std::uint16_t port = g_network_address_get_port(address);
  if (g_hostname_is_ip_address(host)) return StunServer{host, port};
  const std::string first = address_of(host);
  return first.empty() ? StunServer{} : StunServer{first, port};
}

Expected<TurnServer> resolve_turn(const std::string &uri) {
  if (uri.empty()) return TurnServer{};
  auto server = parse_turn_uri(uri);
  if (server && !g_hostname_is_ip_address(server->host.c_str()))
    server->host = address_of(server->host.c_str());
  return server;
}

TurnServer numeric_turn(const std::string &uri) {
  const auto server = parse_turn_uri(uri);
  return server && g_hostname_is_ip_address(server->host.c_str()) ? *server : TurnServer{};
}

void post_node(GstElement *element, bool there, const std::string &reason) {
  gst_element_post_message(
      element, gst_message_new_element(GST_OBJECT(element),
                                       gst_structure_new("astral-node", "there", G_TYPE_BOOLEAN, there,
                                                         "reason", G_TYPE_STRING, reason.c_str(), nullptr)));
}

void post_line(GstElement *element, const std::optional<LineMeter::Rates> &rates) {
  const LineMeter::Rates told = rates.value_or(LineMeter::Rates{});
  gst_element_post_message(
      element,
      gst_message_new_element(GST_OBJECT(element),
                              gst_structure_new("astral-line", "thin", G_TYPE_BOOLEAN, rates.has_value(),
                                                "carried-bps", G_TYPE_UINT64, told.carried_bps, "needed-bps",
                                                G_TYPE_UINT64, told.needed_bps, nullptr)));
}

void post_private(GstElement *element, const Catalog *catalog, const std::string &why) {
  gst_element_post_message(
      element, gst_message_new_element(
                   GST_OBJECT(element),
                   gst_structure_new("astral-private", "open", G_TYPE_BOOLEAN, why.empty(), "reason",
                                     G_TYPE_STRING, why.c_str(), "name", G_TYPE_STRING,
                                     catalog ? catalog->name.c_str() : "", "description", G_TYPE_STRING,
                                     catalog ? catalog->description.c_str() : "", nullptr)));
}

void post_error(GstElement *element, const Error &error, bool reading) {
  const char *detail = error.detail.c_str();
#define ASTRAL_POST(domain, code) GST_ELEMENT_ERROR(element, domain, code, ("%s", detail), (nullptr))
  switch (error.code) {
    case Code::not_found:
      ASTRAL_POST(RESOURCE, NOT_FOUND);
      break;
    case Code::refused:
      ASTRAL_POST(RESOURCE, NOT_AUTHORIZED);
      break;
    case Code::forged:
      ASTRAL_POST(STREAM, DECRYPT);
      break;
    case Code::no_room:
      ASTRAL_POST(RESOURCE, NO_SPACE_LEFT);
      break;
    case Code::conflict:
      ASTRAL_POST(RESOURCE, BUSY);
      break;
    case Code::invalid:
    case Code::unsupported:
    case Code::too_large:
      if (reading)
        ASTRAL_POST(STREAM, WRONG_TYPE);
      else
        ASTRAL_POST(STREAM, FORMAT);
      break;
    case Code::unreachable:
    case Code::timeout:
      if (reading)
        ASTRAL_POST(RESOURCE, OPEN_READ);
      else
        ASTRAL_POST(RESOURCE, OPEN_WRITE);
      break;
    case Code::failed:
      ASTRAL_POST(RESOURCE, FAILED);
      break;
  }
#undef ASTRAL_POST
}

void post_warning(GstElement *element, const Error &error) {
  const gint code = error.code == Code::not_found ? GST_RESOURCE_ERROR_NOT_FOUND
                    : error.code == Code::no_room ? GST_RESOURCE_ERROR_NO_SPACE_LEFT
                                                  : GST_RESOURCE_ERROR_OPEN_READ;
  gst_element_message_full(element, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, code,
                           g_strdup(error.detail.c_str()), nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

}  // namespace astral::elements
