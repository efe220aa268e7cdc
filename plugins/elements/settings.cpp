// SPDX-License-Identifier: BSD-3-Clause
#include "elements/settings.hpp"

#include <charconv>

namespace astral::elements {

namespace {

constexpr auto rw =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto live =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
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
                  "Short name of the stream (a-z, 0-9, hyphens; at most 48); the URI sets it too");
    case prop_title:
      return text("title", "Title", "Title of the stream, for people (NULL: the slug)");
    case prop_description:
      return text("description", "Description", "Description of the stream, for people");
    case prop_key_file:
      return text("key-file", "Key file",
                  "File with the Ed25519 key, PKCS#8 PEM; created if missing (NULL: a new key for each run)");
    case prop_stun_server:
      return text("stun-server", "STUN server",
                  "STUN server for ICE, ADDRESS[:PORT] (NULL: no server-reflexive candidates)");
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
    case prop_standby:
      return g_param_spec_boolean("standby", "Standby",
                                  "Keep the link and the subscription, but receive no objects; takes effect "
                                  "at once. Leaving standby fetches what the next element lacks",
                                  initial.standby, live);
    case prop_stats:
      return g_param_spec_boxed(
          "stats", "Statistics",
          "application/x-astral-stats: bytes, objects, groups, largest-group, rate-bps (bit/s), rtt-ms "
          "(milliseconds), peers, skipped, dropped-bytes, links",
          GST_TYPE_STRUCTURE, ro);
  }
  return nullptr;
}

void set_text(std::string &field, const GValue *value, const char *otherwise = "") {
  const char *given = g_value_get_string(value);
  field = given ? given : otherwise;
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
    case prop_key_file:
      set_text(settings.key_file, value);
      return true;
    case prop_stun_server:
      set_text(settings.stun_server, value);
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
    case prop_standby:
      settings.standby = g_value_get_boolean(value);
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
    case prop_key_file:
      get_text(settings.key_file, value);
      return true;
    case prop_stun_server:
      get_text(settings.stun_server, value);
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
    case prop_standby:
      g_value_set_boolean(value, settings.standby);
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
  for (const auto &[name, value] : parsed->query) {
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
  return {};
}

Expected<LinkSettings> link_settings(const ElementSettings &settings) {
  auto key = settings.key_file.empty() ? Key::generate() : Key::load_or_create(settings.key_file);
  if (!key) return tl::unexpected<Error>(key.error());
  LinkSettings link{.key = *key, .stun_host = settings.stun_server};
  const std::size_t colon = settings.stun_server.rfind(':');
  if (colon == std::string::npos || settings.stun_server.find(':') != colon)
    return link;  // no server, or an IPv6 address without a port
  const char *end = settings.stun_server.data() + settings.stun_server.size();
  const auto [rest, wrong] = std::from_chars(settings.stun_server.data() + colon + 1, end, link.stun_port);
  if (wrong != std::errc{} || rest != end || link.stun_port == 0)
    return fail(Code::invalid, "the port of the STUN server '" + settings.stun_server + "' is not valid");
  link.stun_host.resize(colon);
  return link;
}

void post_node(GstElement *element, bool there, const std::string &reason) {
  gst_element_post_message(
      element, gst_message_new_element(GST_OBJECT(element),
                                       gst_structure_new("astral-node", "there", G_TYPE_BOOLEAN, there,
                                                         "reason", G_TYPE_STRING, reason.c_str(), nullptr)));
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

}  // namespace astral::elements
