// SPDX-License-Identifier: BSD-3-Clause
#include "origin/server.hpp"

#include "origin/wire.hpp"

namespace astral::origin {
namespace {

constexpr int backlog = 1024;       // GLib's 10 lets a burst of nodes wait for its SYNs to be sent again
constexpr guint idle_seconds = 60;  // of a connection: nothing comes and nothing goes
// A body that is too large is answered at once, and read on and thrown away, because many clients write all
// before they read the answer; but only this far, then the connection is cut.
constexpr std::size_t max_drained = 16 * 1024 * 1024;

// The body of one message, read within its maximum. Lives as long as the message.
struct Body {
  std::size_t max;
  bool keep;  // false: only counted
  bool refused = false;
  std::size_t size = 0;
  std::string text;
};
constexpr const char *body_key = "astral-body";      // on a SoupServerMessage
constexpr const char *socket_key = "astral-socket";  // on the remote GSocketAddress of a connection

void respond(SoupServerMessage *message, const Reply &reply) {
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_server_message_set_status(message, reply.status, nullptr);
  soup_server_message_set_response(message, reply.type.c_str(), SOUP_MEMORY_COPY, reply.body.data(),
                                   reply.body.size());
  if (!reply.location.empty()) soup_message_headers_replace(headers, "Location", reply.location.c_str());
  if (!reply.allow.empty()) soup_message_headers_replace(headers, "Allow", reply.allow.c_str());
  soup_message_headers_replace(headers, "Cache-Control", "no-cache");
  soup_message_headers_replace(headers, "Vary", "Accept");
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_replace(headers, "Content-Security-Policy",
                               "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
}

GSocket *socket_of(SoupServerMessage *message) {
  // libsoup knows no socket of a connection that it has not accepted itself.
  return G_SOCKET(g_object_get_data(G_OBJECT(soup_server_message_get_remote_address(message)), socket_key));
}

// libsoup answers only after the last byte of a body. This one cannot wait: it goes past libsoup, which finds
// the connection closed for writing when its turn comes.
void too_large(SoupServerMessage *message, std::size_t max) {
  const Reply reply = refusal({Code::too_large, "the body is larger than " + std::to_string(max) + " bytes"});
  const std::string text = "HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: " + reply.type +
                           "\r\nConnection: close\r\nContent-Length: " + std::to_string(reply.body.size()) +
                           "\r\n\r\n" + reply.body;
  soup_server_message_set_status(message, reply.status, nullptr);
  // A client that lets even so little not through does not read; it gets nothing.
  g_socket_send_with_blocking(socket_of(message), text.data(), text.size(), FALSE, nullptr, nullptr);
  g_socket_shutdown(socket_of(message), FALSE, TRUE, nullptr);
}

// A part of the body is here.
void got_chunk(SoupServerMessage *message, GBytes *chunk, gpointer user_data) noexcept {
  auto &body = *static_cast<Body *>(user_data);
  gsize size = 0;
  const auto *data = static_cast<const char *>(g_bytes_get_data(chunk, &size));
  body.size += size;
  if (body.size <= body.max) {
    if (body.keep) body.text.append(data, size);
  } else if (!body.refused) {
    body.refused = true;
    body.text = {};
    too_large(message, body.max);
  } else if (body.size > body.max + max_drained) {
    g_socket_shutdown(socket_of(message), TRUE, TRUE, nullptr);
  }
}

std::string header_of(SoupServerMessage *message, const char *name) {
  const char *value = soup_message_headers_get_list(soup_server_message_get_request_headers(message), name);
  return value ? value : "";
}

// Of an IPv4 peer on a socket that speaks both, the IPv4 address.
std::string caller_of(SoupServerMessage *message) {
  const char *host = soup_server_message_get_remote_host(message);
  std::string caller = host ? host : "";
  if (caller.rfind("::ffff:", 0) == 0 && caller.find('.') != std::string::npos) caller.erase(0, 7);
  return caller;
}

}  // namespace

Server::Server(Api &api, Clock clock)
    : api_(api),
      clock_(std::move(clock)),
      soup_(Ref<SoupServer>::adopt(soup_server_new("server-header", "astralorigin", nullptr))),
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
  g_socket_listener_set_backlog(G_SOCKET_LISTENER(listener_.get()), backlog);
  const auto incoming =
      +[](GSocketService *, GSocketConnection *connection, GObject *, gpointer self) noexcept {
        static_cast<Server *>(self)->accept(connection);
        return TRUE;
      };
  g_signal_connect(listener_.get(), "incoming", G_CALLBACK(incoming), this);
}

Server::~Server() {
  g_signal_handlers_disconnect_by_data(listener_.get(), this);
  g_socket_service_stop(listener_.get());
  g_socket_listener_close(G_SOCKET_LISTENER(listener_.get()));
  soup_server_disconnect(soup_.get());
}

Expected<std::unique_ptr<Server>> Server::open(Api &api, const std::string &address, std::uint16_t port,
                                               Clock clock) {
  const auto where = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), port));
  if (!where) return fail(Code::invalid, "not an IP address to listen on: " + address);
  std::unique_ptr<Server> server(new Server(api, std::move(clock)));
  GSocketAddress *effective = nullptr;
  GError *raw = nullptr;
  if (!g_socket_listener_add_address(G_SOCKET_LISTENER(server->listener_.get()), where.get(),
                                     G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr, &effective,
                                     &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::unreachable,
                "cannot listen on " + address + " port " + std::to_string(port) + ": " + error->message);
  }
  const auto bound = Ref<GSocketAddress>::adopt(effective);
  const auto real_port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  server->url_ = "http://" + host + ":" + std::to_string(real_port);
  g_socket_service_start(server->listener_.get());
  return server;
}

void Server::accept(GSocketConnection *connection) {
  if (*connections_ >= max_connections) return;  // closed with its last reference, at once
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
  g_socket_set_timeout(socket, idle_seconds);
  const auto local = Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(connection, nullptr));
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(connection, nullptr));
  if (!local || !remote) return;  // gone already
  g_object_set_data_full(G_OBJECT(remote.get()), socket_key, g_object_ref(socket), g_object_unref);
  soup_server_accept_iostream(soup_.get(), G_IO_STREAM(connection), local.get(), remote.get(), nullptr);
}

// The headers are here. Says no at once to what announces too much.
void Server::begin(SoupServerMessage *message) {
  const bool ping = std::string_view(g_uri_get_path(soup_server_message_get_uri(message))) == "/ping";
  auto *body = new Body{
      .max = ping ? max_ping_body : max_body, .keep = !ping, .refused = false, .size = 0, .text = {}};
  g_object_set_data_full(G_OBJECT(message), body_key, body,
                         [](gpointer data) { delete static_cast<Body *>(data); });
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
  g_signal_connect(message, "got-chunk", G_CALLBACK(got_chunk), body);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
  if (soup_message_headers_get_encoding(headers) == SOUP_ENCODING_CONTENT_LENGTH &&
      soup_message_headers_get_content_length(headers) > static_cast<goffset>(body->max)) {
    body->refused = true;
    too_large(message, body->max);
  }
}

// The body is here.
void Server::finish(SoupServerMessage *message, GHashTable *query) {
  auto *body = static_cast<Body *>(g_object_get_data(G_OBJECT(message), body_key));
  if (!body) return respond(message, refusal({Code::failed, "the request came without headers"}));
  Request request;
  request.method = soup_server_message_get_method(message);
  if (request.method == "HEAD") request.method = "GET";
  request.path = g_uri_get_path(soup_server_message_get_uri(message));
  request.accept = header_of(message, "Accept");
  if (const char *type =
          soup_message_headers_get_content_type(soup_server_message_get_request_headers(message), nullptr)) {
    request.content_type = type;
  }
  request.body = std::move(body->text);
  request.caller = caller_of(message);
  if (query) {
    GHashTableIter iter;
    gpointer name = nullptr;
    gpointer value = nullptr;
    for (g_hash_table_iter_init(&iter, query); g_hash_table_iter_next(&iter, &name, &value);) {
      request.query.emplace(static_cast<const char *>(name), static_cast<const char *>(value));
    }
  }
  respond(message, api_.answer(request, clock_()));
}

}  // namespace astral::origin
