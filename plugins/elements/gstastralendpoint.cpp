// SPDX-License-Identifier: BSD-3-Clause
// AstralEndpoint: the GObject shell of udp::Endpoint.

/**
 * SECTION:AstralEndpoint
 * @title: AstralEndpoint
 * @see_also: astralsrc, astralrelay, astralsink
 *
 * One UDP port for all links of a program. It answers STUN requests, and carries every link to or from it that needs no ICE. Where UDP is blocked, the
 * program's HTTP server accepts WebSockets for it. Give it to the elements as their `endpoint`. It lives as long as somebody holds a reference.
 *
 * It is a #GInitable; making it fails if the port is taken:
 *
 * |[<!-- language="C" -->
 * GObject *endpoint = g_initable_new (g_type_from_name ("AstralEndpoint"), NULL, &error, "port", 8000, NULL);
 * g_object_set (relay, "endpoint", endpoint, NULL);
 * ]|
 *
 * The type is there when the plugin has been loaded, which making one of its elements does.
 *
 * ## Signals
 * Emitted from a thread of the endpoint's own.
 *
 * * `nat-changed` (GstStructure nat): what is known of the NAT has changed. Fields: `udp` (boolean: a STUN server answered), `address` (string
 *   "HOST:PORT": as others see us, or empty), `mapping` ("none", "endpoint-independent", "dependent", "unknown"), `filtering` (as `mapping`, without
 *   "none", and "address-dependent" if the only server is heard from its other port), `reachable` (boolean: strangers can send to `address`), `first-answered`, `second-answered` (boolean: which STUN servers did). RFC 4787
 *   has the terms.
 * * `response-wanted` (string id, guint port): the application asks the third server to emit `send-response` at *its* endpoint, for our host, this
 *   port and this id.
 * * `send-response` (string id, string address) → boolean, an action signal: sends one STUN response to an address that has asked for it in a way that
 *   proves it is theirs.
 * * `expects-stream` (string id) → boolean, an action signal: a link has this id, and its other end may open a WebSocket for it, whose binary messages
 *   are the link's datagrams.
 * * `accept-stream` (string id, int descriptor) → boolean, an action signal: takes the socket of such a WebSocket after the server's half of its
 *   handshake. The descriptor is duplicated; it stays the caller's.
 *
 * ## Statistics
 * `stats` is a structure `application/x-astral-endpoint-stats`: `datagrams`, `stray`, `stun-answered`, `stun-limited` (guint64, received datagrams),
 * `links` (guint), `ipv4`, `ipv6` (boolean: the address families in which others may reach it), and the fields of `nat-changed`.
 *
 * Since: 0.1
 */
#include <fcntl.h>
#include <gio/gio.h>

#include <thread>

#include "elements/direct.hpp"
#include "elements/gstastral.hpp"
#include "glue/key.hpp"
#include "glue/ref.hpp"
#include "udp/endpoint.hpp"

using namespace astral;

namespace {

struct EndpointSelf {
  guint port = 0;
  std::string third, forwarded;             // as they were given
  std::string servers;                      // as they were given
  std::shared_ptr<udp::Endpoint> endpoint;  // set by g_initable_init(), for life
};

// The endpoint's thread may outlive the object: links of elements that still run share the port.
class WeakObject {
 public:
  explicit WeakObject(gpointer object) { g_weak_ref_init(&reference_, object); }
  ~WeakObject() { g_weak_ref_clear(&reference_); }
  WeakObject(const WeakObject &) = delete;
  WeakObject &operator=(const WeakObject &) = delete;
  Ref<GObject> get() { return Ref<GObject>::adopt(static_cast<GObject *>(g_weak_ref_get(&reference_))); }

 private:
  GWeakRef reference_;
};

}  // namespace

struct AstralEndpoint {
  GObject parent;
  EndpointSelf *self;
};
struct AstralEndpointClass {
  GObjectClass parent;
};

enum : guint {
  endpoint_prop_port = 1,
  endpoint_prop_servers,
  endpoint_prop_third,
  endpoint_prop_forwarded,
  endpoint_prop_stats
};
static guint endpoint_nat_changed, endpoint_response_wanted;

static void astral_endpoint_initable(GInitableIface *type);

G_DEFINE_TYPE_WITH_CODE(AstralEndpoint, astral_endpoint, G_TYPE_OBJECT,
                        G_IMPLEMENT_INTERFACE(G_TYPE_INITABLE, astral_endpoint_initable))

static EndpointSelf &endpoint_self(gpointer object) {
  return *reinterpret_cast<AstralEndpoint *>(object)->self;
}

static void set_nat(GstStructure *structure, const stun::Nat &nat) {
  gst_structure_set(structure, "udp", G_TYPE_BOOLEAN, static_cast<gboolean>(nat.udp), "address",
                    G_TYPE_STRING, stun::to_text(nat.mapped).c_str(), "mapping", G_TYPE_STRING,
                    stun::to_text(nat.mapping), "filtering", G_TYPE_STRING, stun::to_text(nat.filtering),
                    "reachable", G_TYPE_BOOLEAN, static_cast<gboolean>(nat.reachable()), "first-answered",
                    G_TYPE_BOOLEAN, static_cast<gboolean>(nat.answered[0]), "second-answered", G_TYPE_BOOLEAN,
                    static_cast<gboolean>(nat.answered[1]), nullptr);
}

static gboolean astral_endpoint_open(GInitable *initable, GCancellable *, GError **error) noexcept {
  EndpointSelf &self = endpoint_self(initable);
  if (self.endpoint) return TRUE;
  const auto weak = std::make_shared<WeakObject>(initable);
  auto opened = udp::Endpoint::open(
      {.port = static_cast<std::uint16_t>(self.port)},
      {.nat_changed =
           [weak](const stun::Nat &nat) {
             const auto object = weak->get();
             if (!object) return;
             const StructurePtr structure(gst_structure_new_empty("nat"));
             set_nat(structure.get(), nat);
             g_signal_emit(object.get(), endpoint_nat_changed, 0, structure.get());
           },
       .ask_third =
           [weak](const stun::TransactionId &id, std::uint16_t port) {
             if (const auto object = weak->get())
               g_signal_emit(object.get(), endpoint_response_wanted, 0, to_hex(id).c_str(),
                             static_cast<guint>(port));
           }});
  if (!opened) {
    g_set_error(error, G_IO_ERROR,
                opened.error().code == Code::conflict ? G_IO_ERROR_ADDRESS_IN_USE : G_IO_ERROR_FAILED, "%s",
                opened.error().detail.c_str());
    return FALSE;
  }
  self.endpoint = std::move(*opened);
  return TRUE;
}

static void astral_endpoint_initable(GInitableIface *type) {
  type->init = astral_endpoint_open;
}

static gboolean astral_endpoint_send_response(AstralEndpoint *object, const char *id,
                                              const char *text) noexcept {
  const auto address = stun::parse_address(text ? text : "");
  const std::string_view digits = id ? id : "";
  stun::TransactionId transaction;
  if (!endpoint_self(object).endpoint || !address || digits.size() != 2 * transaction.size() ||
      digits.find_first_not_of("0123456789abcdef") != std::string_view::npos)
    return FALSE;
  std::ranges::copy(from_hex(digits), transaction.begin());
  return stun::has_cookie(transaction) &&
         endpoint_self(object).endpoint->send_response(transaction, *address);
}

static gboolean astral_endpoint_expects_stream(AstralEndpoint *object, const char *id) noexcept {
  const auto secret = elements::secret_of(id ? id : "");
  return endpoint_self(object).endpoint && secret && endpoint_self(object).endpoint->expects_stream(*secret);
}

static gboolean astral_endpoint_accept_stream(AstralEndpoint *object, const char *id,
                                              gint descriptor) noexcept {
  const auto secret = elements::secret_of(id ? id : "");
  if (!endpoint_self(object).endpoint || !secret) return FALSE;
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  return own >= 0 && endpoint_self(object).endpoint->accept_stream(*secret, own);
}

static void ask_servers(const EndpointSelf &self) {
  if (!self.endpoint) return;
  std::vector<udp::Address> servers;
  const std::unique_ptr<gchar *, void (*)(gchar **)> names(g_strsplit(self.servers.c_str(), ",", 8),
                                                           g_strfreev);
  for (gchar **name = names.get(); *name; ++name)
    if (const auto address = stun::parse_address(*name)) servers.push_back(*address);
  self.endpoint->ask_servers(std::move(servers), stun::parse_address(self.third).value_or(udp::Address{}));
}

static void astral_endpoint_set_property(GObject *object, guint id, const GValue *value,
                                         GParamSpec *spec) noexcept {
  EndpointSelf &self = endpoint_self(object);
  switch (id) {
    case endpoint_prop_port:
      self.port = g_value_get_uint(value);
      break;
    case endpoint_prop_servers:
      self.servers = g_value_get_string(value) ? g_value_get_string(value) : "";
      ask_servers(self);
      break;
    case endpoint_prop_third:
      self.third = g_value_get_string(value) ? g_value_get_string(value) : "";
      ask_servers(self);
      break;
    case endpoint_prop_forwarded:
      self.forwarded = g_value_get_string(value) ? g_value_get_string(value) : "";
      if (self.endpoint)
        self.endpoint->set_forwarded(stun::parse_address(self.forwarded).value_or(udp::Address{}));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static GstStructure *endpoint_stats(const EndpointSelf &self) {
  const udp::Endpoint::Counts counts = self.endpoint ? self.endpoint->counts() : udp::Endpoint::Counts{};
  GstStructure *stats = gst_structure_new(
      "application/x-astral-endpoint-stats", "datagrams", G_TYPE_UINT64, counts.datagrams, "stray",
      G_TYPE_UINT64, counts.stray, "stun-answered", G_TYPE_UINT64, counts.stun_answered, "stun-limited",
      G_TYPE_UINT64, counts.stun_limited, "links", G_TYPE_UINT,
      static_cast<guint>(self.endpoint ? self.endpoint->routes() : 0), nullptr);
  set_nat(stats, self.endpoint ? self.endpoint->nat() : stun::Nat{});
  const udp::Families families = self.endpoint ? self.endpoint->families() : udp::Families{};
  gst_structure_set(stats, "ipv4", G_TYPE_BOOLEAN, static_cast<gboolean>(families.ipv4), "ipv6",
                    G_TYPE_BOOLEAN, static_cast<gboolean>(families.ipv6), nullptr);
  return stats;
}

static void astral_endpoint_get_property(GObject *object, guint id, GValue *value,
                                         GParamSpec *spec) noexcept {
  const EndpointSelf &self = endpoint_self(object);
  switch (id) {
    case endpoint_prop_port:
      g_value_set_uint(value, self.endpoint ? self.endpoint->port() : self.port);
      break;
    case endpoint_prop_servers:
      g_value_set_string(value, self.servers.c_str());
      break;
    case endpoint_prop_third:
      g_value_set_string(value, self.third.c_str());
      break;
    case endpoint_prop_forwarded:
      g_value_set_string(value, self.forwarded.c_str());
      break;
    case endpoint_prop_stats:
      g_value_take_boxed(value, endpoint_stats(self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void astral_endpoint_init(AstralEndpoint *object) {
  object->self = new EndpointSelf;
}

static void astral_endpoint_finalize(GObject *object) noexcept {
  EndpointSelf *self = reinterpret_cast<AstralEndpoint *>(object)->self;
  // A signal handler held the last reference: the endpoint's thread cannot wait for itself.
  if (self->endpoint && self->endpoint->is_own_thread())
    std::thread([endpoint = std::move(self->endpoint)] {}).detach();
  delete self;
  G_OBJECT_CLASS(astral_endpoint_parent_class)->finalize(object);
}

static void astral_endpoint_class_init(AstralEndpointClass *type) {
  GObjectClass *object = G_OBJECT_CLASS(type);
  object->set_property = astral_endpoint_set_property;
  object->get_property = astral_endpoint_get_property;
  object->finalize = astral_endpoint_finalize;
  constexpr auto rw = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  constexpr auto once = static_cast<GParamFlags>(rw | G_PARAM_CONSTRUCT_ONLY);
  constexpr auto ro = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      object, endpoint_prop_port,
      g_param_spec_uint("port", "Port", "UDP port; 0: a free one. When it is open: the port", 0, 65535, 0,
                        once));
  g_object_class_install_property(
      object, endpoint_prop_servers,
      g_param_spec_string(
          "stun-servers", "STUN servers",
          "ADDRESS:PORT of STUN servers, separated by commas; the first two are asked about the NAT, "
          "now and every 20 seconds",
          nullptr, rw));
  g_object_class_install_property(
      object, endpoint_prop_third,
      g_param_spec_string(
          "third-server", "Third server",
          "ADDRESS:PORT of the server that the application asks on response-wanted, so that what the NAT "
          "filters is found out. Best one that nothing is sent to otherwise, else one of stun-servers",
          nullptr, rw));
  g_object_class_install_property(
      object, endpoint_prop_forwarded,
      g_param_spec_string(
          "forwarded-address", "Forwarded address",
          "ADDRESS:PORT of the NAT's outside that it says it forwards to `port`. Links use it "
          "if the third server is heard there; without one, if the STUN servers see that address",
          nullptr, rw));
  g_object_class_install_property(
      object, endpoint_prop_stats,
      g_param_spec_boxed("stats", "Statistics", "application/x-astral-endpoint-stats", GST_TYPE_STRUCTURE,
                         ro));
  const GType self = G_TYPE_FROM_CLASS(type);
  endpoint_nat_changed = g_signal_new("nat-changed", self, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr, nullptr,
                                      G_TYPE_NONE, 1, GST_TYPE_STRUCTURE);
  endpoint_response_wanted = g_signal_new("response-wanted", self, G_SIGNAL_RUN_LAST, 0, nullptr, nullptr,
                                          nullptr, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_UINT);
  g_signal_new_class_handler("send-response", self,
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(astral_endpoint_send_response), nullptr, nullptr, nullptr,
                             G_TYPE_BOOLEAN, 2, G_TYPE_STRING, G_TYPE_STRING);
  g_signal_new_class_handler("expects-stream", self,
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(astral_endpoint_expects_stream), nullptr, nullptr, nullptr,
                             G_TYPE_BOOLEAN, 1, G_TYPE_STRING);
  g_signal_new_class_handler("accept-stream", self,
                             static_cast<GSignalFlags>(G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
                             G_CALLBACK(astral_endpoint_accept_stream), nullptr, nullptr, nullptr,
                             G_TYPE_BOOLEAN, 2, G_TYPE_STRING, G_TYPE_INT);
}

std::shared_ptr<udp::Endpoint> astral_endpoint_of(GObject *object) {
  if (!object || !G_TYPE_CHECK_INSTANCE_TYPE(object, astral_endpoint_get_type())) return nullptr;
  return endpoint_self(object).endpoint;
}
