// SPDX-License-Identifier: BSD-3-Clause
#include "http/server.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/remote_address.hpp"

namespace astral::http {
namespace {

constexpr const char *body_key = "astral-body";    // on a SoupServerMessage
constexpr const char *visit_key = "astral-visit";  // on the remote GSocketAddress of a connection
constexpr const char *upgrade_key = "astral-upgrade";

template <typename T>
void attach(gpointer object, const char *key, T *data) {
  g_object_set_data_full(G_OBJECT(object), key, data, [](gpointer owned) { delete static_cast<T *>(owned); });
}

std::string header(SoupServerMessage *message, const char *name) {
  const char *value = soup_message_headers_get_list(soup_server_message_get_request_headers(message), name);
  return value ? value : "";
}

std::string host_of(const std::string &authority) {
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

std::string token_of(const std::string &authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (g_ascii_strncasecmp(authorization.c_str(), scheme.data(), scheme.size()) != 0) return "";
  return authorization.substr(scheme.size());
}

Call call_of(SoupServerMessage *message, GHashTable *query) {
  Call call;
  call.method = soup_server_message_get_method(message);
  if (call.method == "HEAD") call.method = "GET";
  call.path = g_uri_get_path(soup_server_message_get_uri(message));
  const char *raw_query = g_uri_get_query(soup_server_message_get_uri(message));
  call.raw_query = raw_query ? raw_query : "";
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
  call.origin = header(message, "Origin");
  call.token = token_of(header(message, "Authorization"));
  RemoteAddress caller = remote_address_of(soup_server_message_get_remote_address(message));
  call.caller = std::move(caller.address);
  call.is_loopback = caller.is_loopback;
  call.is_near = caller.is_near;
  call.local = remote_address_of(soup_server_message_get_local_address(message)).address;
  return call;
}

// What a page of a friendly origin may do, for the browser that asks before it lets the page do it.
Reply preflight(const std::string &allow) {
  return {.status = 204,
          .type = "",
          .headers = {{"Access-Control-Allow-Methods", allow},
                      {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                      {"Access-Control-Max-Age", "600"}}};
}

}  // namespace

// One connection, and so one request. Lives as long as the connection.
struct Server::Visit {
  ConnectionLimiter::Id id;
  Ref<GSocket> socket;
  bool answered = false;

  static Visit &of(SoupServerMessage *message) {
    // libsoup knows no socket of a connection that it has not accepted itself.
    gpointer data = g_object_get_data(G_OBJECT(soup_server_message_get_remote_address(message)), visit_key);
    return **static_cast<std::shared_ptr<Visit> *>(data);
  }

  // libsoup answers only after the last byte of a body. This one cannot wait: it goes past libsoup, which
  // finds the connection closed for writing when its turn comes.
  void answer_at_once(const Reply &reply) {
    if (std::exchange(answered, true) || !socket) return;
    const std::string text = wire(reply);
    // A client that lets even so little not through does not read; it gets nothing.
    g_socket_send_with_blocking(socket.get(), text.data(), text.size(), FALSE, nullptr, nullptr);
    g_socket_shutdown(socket.get(), FALSE, TRUE, nullptr);
  }

  void cut() {
    if (socket) g_socket_shutdown(socket.get(), TRUE, TRUE, nullptr);
  }
};

namespace {

// The body of one message, read within its maximum. Lives as long as the message.
struct Body {
  std::size_t max;
  std::size_t max_drained;
  bool keep;  // false: only counted
  bool refused = false;
  std::size_t size = 0;
  std::string text;
};

Error too_large(const Body &body) {
  return {Code::too_large, "the body is larger than " + std::to_string(body.max) + " bytes"};
}

}  // namespace

Server::Server(std::vector<Route> routes, std::vector<SocketRoute> sockets, const ServerLimits &limits,
               Access::Rules rules)
    : routes_(std::move(routes)),
      sockets_(std::move(sockets)),
      limits_(limits),
      access_(std::move(rules)),
      alive_(std::make_shared<Server *>(this)),
      soup_(
          Ref<SoupServer>::adopt(soup_server_new("server-header", limits.name, "raw-paths", TRUE, nullptr))) {
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
  const auto aborted = +[](SoupServer *, SoupServerMessage *message, gpointer self) noexcept {
    static_cast<Server *>(self)->on_broken(message);
  };
  g_signal_connect(soup_.get(), "request-aborted", G_CALLBACK(aborted), this);
}

Server::~Server() {
  g_signal_handlers_disconnect_by_data(soup_.get(), this);
  if (listener_) listener_->stop_listening();
  soup_server_disconnect(soup_.get());
}

Expected<std::unique_ptr<Server>> Server::open(const std::string &address, std::uint16_t port,
                                               std::vector<Route> routes, std::vector<SocketRoute> sockets,
                                               const ServerLimits &limits, Access::Rules rules) {
  std::unique_ptr<Server> server(new Server(std::move(routes), std::move(sockets), limits, std::move(rules)));
  Server *self = server.get();
  auto door = HttpListener::open(
      address, port,
      {.guests = {.total = limits.connections, .reserved = limits.reserved, .per_place = limits.per_place},
       .head = limits.head,
       .patience = limits.for_head},
      {.on_request = [self](ConnectionLimiter::Id id,
                            const Ref<GSocketConnection> &in) { self->serve(id, in); },
       .on_late = [self](ConnectionLimiter::Id id) { self->on_late(id); },
       .on_gone = [self](ConnectionLimiter::Id id) { self->on_gone(id); }});
  if (!door) return tl::unexpected<Error>(door.error());
  server->listener_ = std::move(*door);
  return server;
}

void Server::serve(ConnectionLimiter::Id id, const Ref<GSocketConnection> &connection) {
  GSocketConnection *in = connection.get();
  const auto local = Ref<GSocketAddress>::adopt(g_socket_connection_get_local_address(in, nullptr));
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(in, nullptr));
  if (!local || !remote) return;  // gone already
  const auto visit = std::make_shared<Visit>(
      Visit{.id = id, .socket = Ref<GSocket>::retain(g_socket_connection_get_socket(in))});
  visits_.emplace(id, visit);
  attach(remote.get(), visit_key, new std::shared_ptr<Visit>(visit));
  listener_->wait_until(id, now() + limits_.for_body);
  soup_server_accept_iostream(soup_.get(), G_IO_STREAM(in), local.get(), remote.get(), nullptr);
}

void Server::on_late(ConnectionLimiter::Id id) {
  const auto found = visits_.find(id);
  if (found == visits_.end()) return;
  const std::shared_ptr<Visit> visit = found->second;
  visit->answer_at_once(reply_error({Code::timeout, "the request did not come in time"}, 408));
  visit->cut();
}

// The socket keeps the address that the visit hangs on: without this they would keep each other.
void Server::on_gone(ConnectionLimiter::Id id) {
  const auto gone = visits_.extract(id);
  if (!gone.empty()) gone.mapped()->socket.reset();
}

// A body that breaks off; or the answer could not be written.
void Server::on_broken(SoupServerMessage *message) {
  Visit::of(message).answer_at_once(reply_error({Code::invalid, "the body broke off"}));
}

// The headers are here.
void Server::begin(SoupServerMessage *message) {
  const Match found = match(routes_, soup_server_message_get_method(message),
                            g_uri_get_path(soup_server_message_get_uri(message)));
  auto *body = new Body{.max = found.route ? found.route->max_body : Route{}.max_body,
                        .max_drained = limits_.drained,
                        .keep = found.route && found.route->keeps_body,
                        .text = {}};
  attach(message, body_key, body);
  soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
  const auto got_chunk = +[](SoupServerMessage *from, GBytes *chunk, gpointer user_data) noexcept {
    auto &filled = *static_cast<Body *>(user_data);
    gsize size = 0;
    const auto *data = static_cast<const char *>(g_bytes_get_data(chunk, &size));
    filled.size += size;
    if (filled.size <= filled.max) {
      if (filled.keep) filled.text.append(data, size);
      return;
    }
    filled.text = {};
    Visit::of(from).answer_at_once(reply_error(too_large(filled)));
    if (filled.size > filled.max + filled.max_drained) Visit::of(from).cut();
  };
  g_signal_connect(message, "got-chunk", G_CALLBACK(got_chunk), body);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
  if (soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CONTENT_LENGTH) return;
  if (soup_message_headers_get_content_length(headers) > static_cast<goffset>(body->max)) {
    Visit::of(message).answer_at_once(reply_error(too_large(*body)));
  }
}

// The body is here.
void Server::finish(SoupServerMessage *message, GHashTable *query) {
  auto *body = static_cast<Body *>(g_object_get_data(G_OBJECT(message), body_key));
  if (!body) return respond(message, reply_error({Code::invalid, "the request came without headers"}));
  if (Visit::of(message).answered) return soup_server_message_set_status(message, 413, nullptr);
  Call call = call_of(message, query);
  call.body = std::move(body->text);
  call.is_owner = access_.is_owner(call);
  if (const auto may = access_.may_come(call); !may) return respond(message, reply_error(may.error()));
  for (const SocketRoute &socket : sockets_) {
    if (socket.path == call.path) return upgrade(message, socket, std::move(call));
  }
  Match found = match(routes_, call.method, call.path);
  if (!found.route && found.allow.empty()) {
    return respond(message, reply_error({Code::not_found, "nothing is at " + call.path}));
  }
  if (!found.route) {
    const bool asks = call.method == "OPTIONS" && access_.is_friend(call.origin);
    return respond(message, asks ? preflight(found.allow) : method_not_allowed(found.allow));
  }
  if (call.method != "GET" || found.route->who == Who::owner) {
    const auto may = access_.may_change(call, found.route->who);
    if (!may) return respond(message, reply_error(may.error()));
  }
  call.params = std::move(found.params);
  handle(message, *found.route, call);
}

void Server::handle(SoupServerMessage *message, const Route &route, const Call &call) {
  struct Waiting {
    Ref<SoupServerMessage> message;
    bool answered = false;
    bool paused = false;
  };
  auto waiting = std::make_shared<Waiting>(Waiting{Ref<SoupServerMessage>::retain(message)});
  ++waiting_;
  listener_->wait_until(Visit::of(message).id, never);  // the routes have deadlines of their own
  route.handle(call, [waiting, alive = std::weak_ptr<Server *>(alive_)](const Reply &reply) {
    const auto self = alive.lock();
    if (!self || std::exchange(waiting->answered, true)) return;
    --(*self)->waiting_;
    if (reply.take_over && waiting->paused) {
      (*self)->hand_over(waiting->message.get(), reply);
      return waiting->message.reset();
    }
    (*self)->respond(waiting->message.get(), reply);
    if (waiting->paused) soup_server_message_unpause(waiting->message.get());
    waiting->message.reset();
  });
  if (!waiting->answered) {
    waiting->paused = true;
    soup_server_message_pause(message);
  }
}

// The message is paused: libsoup is not at work on it.
void Server::hand_over(SoupServerMessage *message, Reply reply) {
  const auto take_over = std::exchange(reply.take_over, {});
  if (std::strcmp(soup_server_message_get_method(message), "HEAD") == 0) {
    respond(message, reply);
    soup_server_message_unpause(message);
    return take_over({}, "");
  }
  Visit &visit = Visit::of(message);
  visit.answered = true;
  listener_->wait_until(visit.id, never);  // its owner's business
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  take_over(Ref<GIOStream>::adopt(soup_server_message_steal_connection(message)), wire_head(reply));
}

void Server::respond(SoupServerMessage *message, const Reply &reply) {
  Visit &visit = Visit::of(message);
  visit.answered = true;
  listener_->wait_until(visit.id, now() + limits_.for_answer);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_server_message_set_status(message, reply.status, nullptr);
  if (const std::string origin = header(message, "Origin"); access_.is_friend(origin)) {
    soup_message_headers_replace(headers, "Access-Control-Allow-Origin", origin.c_str());
    soup_message_headers_replace(headers, "Vary", "Origin");
  }
  for (const auto &[name, value] : reply.headers)
    soup_message_headers_replace(headers, name.c_str(), value.c_str());
  soup_message_headers_replace(headers, "X-Content-Type-Options", "nosniff");
  // libsoup 3.2 ends every connection that it has not accepted itself.
  soup_message_headers_replace(headers, "Connection", "close");
  soup_server_message_set_response(message, reply.type.empty() ? nullptr : reply.type.c_str(),
                                   SOUP_MEMORY_COPY, reply.body.data(), reply.body.size());
  for (const Slice &part : reply.parts) {
    GBytes *bytes = g_bytes_new_with_free_func(
        part.data(), part.size(), [](gpointer slice) { delete static_cast<Slice *>(slice); },
        new Slice(part));
    soup_message_body_append_bytes(soup_server_message_get_response_body(message), bytes);
    g_bytes_unref(bytes);
  }
}

void Server::upgrade(SoupServerMessage *message, const SocketRoute &route, Call call) {
  if (call.method != "GET") return respond(message, method_not_allowed("GET"));
  if (const auto may = access_.may_open(call); !may) return respond(message, reply_error(may.error()));
  GError *raw = nullptr;
  if (!soup_websocket_server_check_handshake(message, nullptr, nullptr, nullptr, &raw)) {
    const GErrorPtr error(raw);
    return respond(message,
                   reply_error({Code::invalid, std::string("a WebSocket is here: ") + error->message}));
  }
  if (const auto may = route.may_open(); !may) return respond(message, reply_error(may.error(), 503));
  if (!soup_websocket_server_process_handshake(message, nullptr, nullptr, nullptr, nullptr)) return;

  struct Upgrade {
    Server &server;
    const SocketRoute &route;
    Call call;
  };
  attach(message, upgrade_key, new Upgrade{*this, route, std::move(call)});
  Visit::of(message).answered = true;
  const auto switched = +[](SoupServerMessage *switching, gpointer) noexcept {
    const auto keep = Ref<SoupServerMessage>::retain(switching);
    const auto *what = static_cast<Upgrade *>(g_object_get_data(G_OBJECT(switching), upgrade_key));
    what->server.listener_->wait_until(Visit::of(switching).id, never);
    what->route.open(Ref<GIOStream>::adopt(soup_server_message_steal_connection(switching)), what->call);
  };
  g_signal_connect(message, "wrote-informational", G_CALLBACK(switched), nullptr);
}

}  // namespace astral::http
