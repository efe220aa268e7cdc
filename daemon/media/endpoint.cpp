// SPDX-License-Identifier: BSD-3-Clause
#include "media/endpoint.hpp"

#include <gio/gio.h>

#include <string_view>

namespace astral::media {
namespace {

// What a signal's handler needs. It belongs to the closure.
struct Hook {
  std::shared_ptr<Mailbox> mailbox;
  std::shared_ptr<Endpoint::Handler> handler;
};

protocol::NatRule rule_of(const char *text) {
  const std::string_view rule(text ? text : "");
  if (rule == "none" || rule == "endpoint-independent") return protocol::NatRule::endpoint_independent;
  if (rule == "address-dependent") return protocol::NatRule::address_dependent;
  if (rule == "dependent") return protocol::NatRule::address_and_port_dependent;
  return protocol::NatRule::unknown;
}

}  // namespace

protocol::Nat nat_of(const GstStructure *found) {
  const auto flag = [&](const char *field) {
    gboolean value = FALSE;
    gst_structure_get_boolean(found, field, &value);
    return value != FALSE;
  };
  if (!flag("udp")) return {.udp = protocol::Udp::blocked};
  const char *mapping = gst_structure_get_string(found, "mapping");
  const protocol::NatRule filtering = rule_of(gst_structure_get_string(found, "filtering"));
  const bool no_nat = std::string_view(mapping ? mapping : "") == "none";
  // Strangers reach one port of a NAT that has another one for each peer: it is forwarded, and no other is.
  if (flag("reachable") && rule_of(mapping) == protocol::NatRule::address_and_port_dependent)
    return {.udp = protocol::Udp::open, .mapping = rule_of(mapping), .filtering = rule_of(mapping)};
  if (flag("reachable") || (no_nat && filtering == protocol::NatRule::unknown))
    return {.udp = protocol::Udp::open};
  return {.udp = protocol::Udp::behind_nat, .mapping = rule_of(mapping), .filtering = filtering};
}

Expected<std::unique_ptr<Endpoint>> Endpoint::open(std::uint16_t port, Handler handler) {
  const GType type = g_type_from_name("AstralEndpoint");
  if (type == 0) return fail(Code::failed, "Astral's plugin has no AstralEndpoint: it is of another version");
  GError *raw = nullptr;
  auto object = Ref<GObject>::adopt(
      static_cast<GObject *>(g_initable_new(type, nullptr, &raw, "port", static_cast<guint>(port), nullptr)));
  const GErrorPtr error(raw);
  if (!object)
    return fail(g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE) ? Code::conflict : Code::failed,
                raw->message);
  return std::unique_ptr<Endpoint>(new Endpoint(std::move(object), std::move(handler)));
}

Endpoint::Endpoint(Ref<GObject> object, Handler handler)
    : object_(std::move(object)), handler_(std::make_shared<Handler>(std::move(handler))) {
  const auto connect = [this](const char *signal, GCallback call) {
    signals_.emplace_back(object_.get(),
                          g_signal_connect_data(
                              object_.get(), signal, call, new Hook{mailbox_, handler_},
                              [](gpointer hook, GClosure *) { delete static_cast<Hook *>(hook); },
                              static_cast<GConnectFlags>(0)));
  };
  const auto on_nat = +[](GObject *, const GstStructure *structure, gpointer data) noexcept {
    const Hook &hook = *static_cast<Hook *>(data);
    const char *address = gst_structure_get_string(structure, "address");
    hook.mailbox->post([handler = hook.handler, nat = nat_of(structure),
                        address = std::string(address ? address : "")] { handler->on_nat(nat, address); });
  };
  const auto on_wanted = +[](GObject *, const char *id, guint port, gpointer data) noexcept {
    const Hook &hook = *static_cast<Hook *>(data);
    hook.mailbox->post([handler = hook.handler, id = std::string(id), port] {
      handler->on_response_wanted(id, static_cast<std::uint16_t>(port));
    });
  };
  connect("nat-changed", G_CALLBACK(on_nat));
  connect("response-wanted", G_CALLBACK(on_wanted));
}

// A task that is posted from now on finds empty handlers.
Endpoint::~Endpoint() {
  signals_.clear();
  *handler_ = {.on_nat = [](const protocol::Nat &, const std::string &) {},
               .on_response_wanted = [](const std::string &, std::uint16_t) {}};
}

std::uint16_t Endpoint::port() const {
  guint port = 0;
  g_object_get(object_.get(), "port", &port, nullptr);
  return static_cast<std::uint16_t>(port);
}

void Endpoint::ask_servers(const std::vector<std::string> &servers, const std::string &third) {
  std::string list;
  for (const std::string &server : servers) list += (list.empty() ? "" : ",") + server;
  if (std::pair(list, third) == asked_) return;
  asked_ = {list, third};
  g_object_set(object_.get(), "third-server", third.c_str(), "stun-servers", list.c_str(), nullptr);
}

void Endpoint::set_forwarded(const std::string &address) {
  g_object_set(object_.get(), "forwarded-address", address.c_str(), nullptr);
}

std::array<bool, 2> Endpoint::flags(const char *first, const char *second) const {
  GstStructure *raw = nullptr;
  g_object_get(object_.get(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  gboolean one = FALSE, other = FALSE;
  gst_structure_get_boolean(raw, first, &one);
  gst_structure_get_boolean(raw, second, &other);
  return {one != FALSE, other != FALSE};
}

std::array<bool, 2> Endpoint::answered() const {
  return flags("first-answered", "second-answered");
}

protocol::Families Endpoint::families() const {
  const auto [ipv4, ipv6] = flags("ipv4", "ipv6");
  return {.ipv4 = ipv4, .ipv6 = ipv6};
}

bool Endpoint::send_response(const std::string &id, const std::string &address) {
  gboolean sent = FALSE;
  g_signal_emit_by_name(object_.get(), "send-response", id.c_str(), address.c_str(), &sent);
  return sent;
}

bool Endpoint::expects_stream(const std::string &id) const {
  gboolean expected = FALSE;
  g_signal_emit_by_name(object_.get(), "expects-stream", id.c_str(), &expected);
  return expected;
}

bool Endpoint::accept_stream(const std::string &id, GIOStream *connection) {
  GSocket *socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(connection));
  gboolean accepted = FALSE;
  g_signal_emit_by_name(object_.get(), "accept-stream", id.c_str(), g_socket_get_fd(socket), &accepted);
  return accepted;
}

}  // namespace astral::media
