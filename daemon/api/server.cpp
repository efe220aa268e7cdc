// SPDX-License-Identifier: BSD-3-Clause
#include "api/server.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace astral::api {
namespace {

constexpr int backlog = 1024;  // GLib's 10 lets a burst of peers wait for its SYNs to be sent again
constexpr const char *body_key = "astral-body";      // on a SoupServerMessage
constexpr const char *socket_key = "astral-socket";  // on the remote GSocketAddress of a connection
constexpr const char *upgrade_key = "astral-upgrade";

// The body of one message, read within its maximum. Lives as long as the message.
struct Body {
  std::size_t max;
  std::size_t max_drained;
  bool keep;  // false: only counted
  bool refused = false;
  std::size_t size = 0;
  std::string text;
};

GSocket *socket_of(SoupServerMessage *message) {
  // libsoup knows no socket of a connection that it has not accepted itself.
  return G_SOCKET(g_object_get_data(G_OBJECT(soup_server_message_get_remote_address(message)), socket_key));
}

std::string header(SoupServerMessage *message, const char *name) {
  const char *value = soup_message_headers_get_list(soup_server_message_get_request_headers(message), name);
  return value ? value : "";
}

void respond(SoupServerMessage *message, const Reply &reply) {
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_server_message_set_status(message, reply.status, nullptr);
  for (const auto &[name, value] : reply.headers)
    soup_message_headers_replace(headers, name.c_str(), value.c_str());
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_server_message_set_response(message, reply.type.c_str(), SOUP_MEMORY_COPY, reply.body.data(),
                                   reply.body.size());
  for (const Slice &part : reply.parts) {
    GBytes *bytes = g_bytes_new_with_free_func(
        part.data(), part.size(), [](gpointer slice) { delete static_cast<Slice *>(slice); },
        new Slice(part));
    soup_message_body_append_bytes(soup_server_message_get_response_body(message), bytes);
    g_bytes_unref(bytes);
  }
}

// libsoup answers only after the last byte of a body. This one cannot wait: it goes past libsoup, which finds
// the connection closed for writing when its turn comes.
void answer_at_once(SoupServerMessage *message, const Reply &reply) {
  const std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " " +
                           soup_status_get_phrase(reply.status) + "\r\nContent-Type: " + reply.type +
                           "\r\nConnection: close\r\nContent-Length: " + std::to_string(reply.body.size()) +
                           "\r\n\r\n" + reply.body;
  soup_server_message_set_status(message, reply.status, nullptr);
  // A client that lets even so little not through does not read; it gets nothing.
  g_socket_send_with_blocking(socket_of(message), text.data(), text.size(), FALSE, nullptr, nullptr);
  g_socket_shutdown(socket_of(message), FALSE, TRUE, nullptr);
}

void refuse_size(SoupServerMessage *message, Body &body) {
  body.refused = true;
  body.text = {};
  const std::string max = std::to_string(body.max);
  answer_at_once(message, reply_error({Code::too_large, "the body is larger than " + max + " bytes"}));
}

void got_chunk(SoupServerMessage *message, GBytes *chunk, gpointer user_data) noexcept {
  auto &body = *static_cast<Body *>(user_data);
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(chunk, &size));
  body.size += size;
  if (body.size <= body.max) {
    if (body.keep) body.text.append(data, size);
  } else if (!body.refused) {
    refuse_size(message, body);
  } else if (body.size > body.max + body.max_drained) {
    g_socket_shutdown(socket_of(message), TRUE, TRUE, nullptr);
  }
}

// An IPv4 address is one also on a socket that speaks both.
Ref<GInetAddress> address_of(GSocketAddress *address) {
  if (!address || !G_IS_INET_SOCKET_ADDRESS(address)) return {};
  GInetAddress *inet = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));
  const GString_ text(g_inet_address_to_string(inet));
  const std::string_view view(text.get());
  if (view.starts_with("::ffff:") && view.find('.') != std::string_view::npos) {
    return Ref<GInetAddress>::adopt(g_inet_address_new_from_string(text.get() + 7));
  }
  return Ref<GInetAddress>::retain(inet);
}

bool is_near(GInetAddress *address) {
  const bool unique_local =  // RFC 4193
      g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
      (*g_inet_address_to_bytes(address) & 0xFE) == 0xFC;
  return g_inet_address_get_is_loopback(address) || g_inet_address_get_is_site_local(address) ||
         g_inet_address_get_is_link_local(address) || unique_local;
}

std::string host_of(const std::string &authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

Call call_of(SoupServerMessage *message, GHashTable *query) {
  Call call;
  call.method = soup_server_message_get_method(message);
  if (call.method == "HEAD") call.method = "GET";
  call.path = g_uri_get_path(soup_server_message_get_uri(message));
  GHashTableIter iter;
  gpointer name = nullptr, value = nullptr;
  if (query) g_hash_table_iter_init(&iter, query);
  while (query && g_hash_table_iter_next(&iter, &name, &value)) {
    call.query.emplace(static_cast<const char *>(name), static_cast<const char *>(value));
  }
  if (const char *type =
          soup_message_headers_get_content_type(soup_server_message_get_request_headers(message), nullptr)) {
    call.content_type = GString_(g_ascii_strdown(type, -1)).get();
  }
  call.accept = header(message, "Accept");
  call.authority = header(message, "Host");
  call.host = host_of(call.authority);
  if (const auto caller = address_of(soup_server_message_get_remote_address(message))) {
    call.caller = GString_(g_inet_address_to_string(caller.get())).get();
    call.is_loopback = g_inet_address_get_is_loopback(caller.get());
    call.is_near = is_near(caller.get());
  }
  if (const auto local = address_of(soup_server_message_get_local_address(message))) {
    call.local = GString_(g_inet_address_to_string(local.get())).get();
  }
  return call;
}

// A browser says whose page calls. Another site's page may not, nor may one whose name was made to point
// here.
bool is_foreign_page(SoupServerMessage *message, const Call &call) {
  const std::string origin = header(message, "Origin");
  if (origin.empty()) return false;
  return origin != "http://" + call.authority ||
         !(call.host == "localhost" || g_hostname_is_ip_address(call.host.c_str()));
}

}  // namespace

Server::Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits)
    : routes_(std::move(routes)),
      sockets_(std::move(sockets)),
      limits_(limits),
      alive_(std::make_shared<Server *>(this)),
      soup_(
          Ref<SoupServer>::adopt(soup_server_new("server-header", limits.name, "raw-paths", TRUE, nullptr))),
      listener_(Ref<GSocketService>::adopt(g_socket_service_new())) {
  soup_server_add_early_handler(
      soup_.get(), nullptr,
      [](SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer self) noexcept {
        static_cast<Server *>(self)->begin(message);
      },
      this, nullptr);
  soup_server_add_handler(
      soup_.get(), nullptr,
      [](SoupServer *, SoupServerMessage *message, const char *, GHashTable *query, gpointer self) noexcept {
        static_cast<Server *>(self)->finish(message, query);
      },
      this, nullptr);
  const auto incoming =
      +[](GSocketService *, GSocketConnection *connection, GObject *, gpointer self) noexcept {
        static_cast<Server *>(self)->accept(connection);
        return TRUE;
      };
  g_signal_connect(listener_.get(), "incoming", G_CALLBACK(incoming), this);
}

Server::~Server() {
  g_signal_handlers_disconnect_by_data(listener_.get(), this);
  stop_listening();
  soup_server_disconnect(soup_.get());
}

void Server::stop_listening() {
  g_socket_service_stop(listener_.get());
  g_socket_listener_close(G_SOCKET_LISTENER(listener_.get()));
}

Expected<std::unique_ptr<Server>> Server::open(const std::string &address, std::uint16_t port,
                                               std::vector<Route> routes, std::vector<SocketRoute> sockets,
                                               const ServerLimits &limits) {
  const auto where = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), port));
  if (!where) return fail(Code::invalid, "not an IP address to listen on: " + address);
  std::unique_ptr<Server> server(new Server(std::move(routes), std::move(sockets), limits));
  GSocketListener *listener = G_SOCKET_LISTENER(server->listener_.get());
  g_socket_listener_set_backlog(listener, backlog);
  GSocketAddress *effective = nullptr;
  GError *raw = nullptr;
  if (!g_socket_listener_add_address(listener, where.get(), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                     nullptr, &effective, &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::unreachable,
                "cannot listen on " + address + " port " + std::to_string(port) + ": " + error->message);
  }
  const auto bound = Ref<GSocketAddress>::adopt(effective);
  server->port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  server->url_ = "http://" + host + ":" + std::to_string(server->port_);
  g_socket_service_start(server->listener_.get());
  return server;
}

void Server::accept(GSocketConnection *connection) {
  if (*connections_ >= limits_.connections) {
    g_info("more than %zu connections: one is closed at once", limits_.connections);
    g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr);
    return;
  }
  ++*connections_;
  g_object_weak_ref(
      G_OBJECT(connection),
      [](gpointer count, GObject *) {
        const std::unique_ptr<std::shared_ptr<std::size_t>> owned(
            static_cast<std::shared_ptr<std::size_t> *>(count));
        --**owned;
      },
      new std::shared_ptr<std::size_t>(connections_));
  GSocket *socket = g_socket_connection_get_socket(connection);
  g_socket_set_timeout(socket, static_cast<guint>(limits_.idle.count()));
  g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  const auto local = Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(connection, nullptr));
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(connection, nullptr));
  if (!local || !remote) return;  // gone already
  g_object_set_data_full(G_OBJECT(remote.get()), socket_key, g_object_ref(socket), g_object_unref);
  soup_server_accept_iostream(soup_.get(), G_IO_STREAM(connection), local.get(), remote.get(), nullptr);
}

// The headers are here.
void Server::begin(SoupServerMessage *message) {
  const Match found = match(routes_, soup_server_message_get_method(message),
                            g_uri_get_path(soup_server_message_get_uri(message)));
  auto *body = new Body{.max = found.route ? found.route->max_body : Route{}.max_body,
                        .max_drained = limits_.drained,
                        .keep = found.route && found.route->keeps_body,
                        .text = {}};
  g_object_set_data_full(G_OBJECT(message), body_key, body,
                         [](gpointer data) { delete static_cast<Body *>(data); });
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
  g_signal_connect(message, "got-chunk", G_CALLBACK(got_chunk), body);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
  if (soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH) return;
  const goffset length = soup_message_headers_get_content_length(headers);
  if (length > static_cast<goffset>(body->max)) return refuse_size(message, *body);
  if (length >= 0) return;
  body->refused = true;  // libsoup would read until the connection ends
  answer_at_once(message, reply_error({Code::invalid, "header 'Content-Length': must be a number of bytes"}));
}

// The body is here.
void Server::finish(SoupServerMessage *message, GHashTable *query) {
  auto *body = static_cast<Body *>(g_object_get_data(G_OBJECT(message), body_key));
  if (!body) return respond(message, reply_error({Code::invalid, "the request came without headers"}));
  Call call = call_of(message, query);
  call.body = std::move(body->text);
  for (const SocketRoute &socket : sockets_) {
    if (socket.path == call.path) return upgrade(message, socket, std::move(call));
  }
  Match found = match(routes_, call.method, call.path);
  if (!found.route) {
    return respond(message, found.allow.empty() ? reply_error({Code::not_found, "nothing is at " + call.path})
                                                : method_not_allowed(found.allow));
  }
  if (call.method != "GET" && is_foreign_page(message, call)) {
    return respond(message, reply_error({Code::refused, "another site's page may not do that"}));
  }
  if (found.route->who == Who::owner && !call.is_loopback) {
    return respond(message, reply_error({Code::refused, "only this machine itself may do that"}));
  }
  call.params = std::move(found.params);

  struct Waiting {
    Ref<SoupServerMessage> message;
    bool answered = false;
    bool paused = false;
  };
  auto waiting = std::make_shared<Waiting>(Waiting{Ref<SoupServerMessage>::retain(message)});
  ++waiting_;
  found.route->handle(call, [waiting, alive = std::weak_ptr<Server *>(alive_)](const Reply &reply) {
    const auto self = alive.lock();
    if (!self || std::exchange(waiting->answered, true)) return;
    --(*self)->waiting_;
    respond(waiting->message.get(), reply);
    if (waiting->paused) soup_server_message_unpause(waiting->message.get());
    waiting->message.reset();
  });
  if (!waiting->answered) {
    waiting->paused = true;
    soup_server_message_pause(message);
  }
}

void Server::upgrade(SoupServerMessage *message, const SocketRoute &route, Call call) {
  if (call.method != "GET") return respond(message, method_not_allowed("GET"));
  if (is_foreign_page(message, call)) {
    return respond(message, reply_error({Code::refused, "another site's page may not open this"}));
  }
  GError *raw = nullptr;
  if (!soup_websocket_server_check_handshake(message, nullptr, nullptr, nullptr, &raw)) {
    const GErrorPtr error(raw);
    return respond(message,
                   reply_error({Code::invalid, std::string("a WebSocket is here: ") + error->message}));
  }
  if (const auto may = route.may_open(); !may) return respond(message, reply_error(may.error(), 503));
  if (!soup_websocket_server_process_handshake(message, nullptr, nullptr, nullptr, nullptr)) return;

  struct Upgrade {
    const SocketRoute &route;
    Call call;
  };
  auto *upgrade = new Upgrade{route, std::move(call)};
  g_object_set_data_full(G_OBJECT(message), upgrade_key, upgrade,
                         [](gpointer data) { delete static_cast<Upgrade *>(data); });
  const auto switched = +[](SoupServerMessage *switching, gpointer) noexcept {
    const auto keep = Ref<SoupServerMessage>::retain(switching);
    const auto *what = static_cast<Upgrade *>(g_object_get_data(G_OBJECT(switching), upgrade_key));
    g_socket_set_timeout(socket_of(switching), 0);
    what->route.open(Ref<GIOStream>::adopt(soup_server_message_steal_connection(switching)), what->call);
  };
  g_signal_connect(message, "wrote-informational", G_CALLBACK(switched), nullptr);
}

}  // namespace astral::api
