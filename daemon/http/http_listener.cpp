// SPDX-License-Identifier: BSD-3-Clause
#include "http/http_listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "glue/descriptors.hpp"
#include "http/remote_address.hpp"
#include "http/response.hpp"

namespace astral::http {
namespace {

constexpr int backlog = 1024;  // with GLib's 10, a burst of peers must send its SYNs again
// For a refused client to take its response: if this side closes with bytes unread, the kernel drops the
// response. Meanwhile it may send this much.
constexpr Time linger = 1s;
constexpr std::size_t max_dropped = 16 * 1024 * 1024;
constexpr int reads_at_once = 16;  // then the context's other sources have their turn

int fd_of(const Ref<GSocketConnection> &connection) {
  return g_socket_get_fd(g_socket_connection_get_socket(connection.get()));
}

// From now on the socket is readable when it has this many bytes, or has ended.
void wake_at(const Ref<GSocketConnection> &connection, std::size_t bytes) {
  g_socket_set_option(g_socket_connection_get_socket(connection.get()), SOL_SOCKET, SO_RCVLOWAT,
                      static_cast<gint>(bytes), nullptr);
}

bool has_ended(int fd) {
  pollfd what{fd, POLLRDHUP, 0};
  return poll(&what, 1, 0) > 0;
}

}  // namespace

HttpListener::HttpListener(const Limits &limits, Handler handler)
    : limits_(limits),
      handler_(std::move(handler)),
      head_(limits.head.bytes),
      guests_(limits.guests),
      deadline_(g_main_context_default(), [this] { on_deadline(); }),
      alive_(std::make_shared<HttpListener *>(this)),
      listener_(Ref<GSocketService>::adopt(g_socket_service_new())) {
  const auto incoming =
      +[](GSocketService *, GSocketConnection *connection, GObject *, gpointer self) noexcept {
        static_cast<HttpListener *>(self)->accept(connection);
        return TRUE;
      };
  g_signal_connect(listener_.get(), "incoming", G_CALLBACK(incoming), this);
}

HttpListener::~HttpListener() {
  g_signal_handlers_disconnect_by_data(listener_.get(), this);
  stop_listening();
  alive_.reset();
}

void HttpListener::stop_listening() {
  g_socket_service_stop(listener_.get());
  g_socket_listener_close(G_SOCKET_LISTENER(listener_.get()));
}

Expected<std::unique_ptr<HttpListener>> HttpListener::open(const std::string &address, std::uint16_t port,
                                                           const Limits &limits, Handler handler) {
  const auto where = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), port));
  if (!where) return fail(Code::invalid, "not an IP address to listen on: " + address);
  std::unique_ptr<HttpListener> self(new HttpListener(limits, std::move(handler)));
  GSocketListener *listener = G_SOCKET_LISTENER(self->listener_.get());
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
  self->port_ = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get()));
  const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
  self->url_ = "http://" + host + ":" + std::to_string(self->port_);
  g_socket_service_start(self->listener_.get());
  return self;
}

void HttpListener::accept(GSocketConnection *connection) {
  const auto remote = Ref<GSocketAddress>::adopt(g_socket_connection_get_remote_address(connection, nullptr));
  if (!remote) return;  // gone already
  const RemoteAddress caller = remote_address_of(remote.get());
  const int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
  auto id =
      is_one_of_the_last(fd)
          ? Expected<ConnectionLimiter::Id>(fail(Code::no_room, "no descriptor is left for a connection"))
          : guests_.enter(caller.place, now() + limits_.patience);
  const bool welcome = id.has_value();
  const std::string why = welcome ? "" : id.error().detail;
  if (!welcome) {
    g_info("%s: %s", caller.address.c_str(), why.c_str());
    id = guests_.turn_away(now() + linger);
    if (!id) return static_cast<void>(g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr));
  }
  using Gone = std::pair<std::weak_ptr<HttpListener *>, ConnectionLimiter::Id>;
  g_object_weak_ref(
      G_OBJECT(connection),
      [](gpointer data, GObject *) {
        const std::unique_ptr<Gone> gone(static_cast<Gone *>(data));
        if (const auto alive = gone->first.lock()) (*alive)->on_gone(gone->second);
      },
      new Gone(alive_, *id));

  GSocket *socket = g_socket_connection_get_socket(connection);
  g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  Pending &pending =
      pending_.emplace(*id, Pending{.connection = Ref<GSocketConnection>::retain(connection)}).first->second;
  pending.input = Epoll::Watch(g_main_context_default(), fd, [this, guest = *id] { look(guest); });
  if (!welcome) return refuse(*id, reply_error({Code::no_room, why}, 503));
  deadline_.set(guests_.deadline());
}

void HttpListener::look(ConnectionLimiter::Id id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  if (found->second.refused) return drop_input(id, found->second);
  look_at_head(id, found->second);
}

void HttpListener::look_at_head(ConnectionLimiter::Id id, Pending &pending) {
  const int fd = fd_of(pending.connection);
  const ssize_t got = recv(fd, head_.data(), head_.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return static_cast<void>(pending_.erase(id));
  pending.seen = static_cast<std::size_t>(got);
  if (certificate_ && begins_tls(pending.connection.get())) {
    Ref<GSocketConnection> connection = std::move(pending.connection);
    pending_.erase(id);
    return take_off_tls(id, std::move(connection));
  }
  const auto sound = check_head({head_.data(), pending.seen}, limits_.head);
  if (!sound) return refuse(id, reply_error(sound.error().error, sound.error().status));
  if (!*sound) {
    if (has_ended(fd))
      return refuse(id, reply_error({Code::invalid, "the request ended before its headers did"}));
    return wake_at(pending.connection, pending.seen + 1);
  }
  wake_at(pending.connection, 1);
  Ref<GSocketConnection> connection = std::move(pending.connection);
  pending_.erase(id);
  if (auto guest = Guest::of(id, std::move(connection))) handler_.on_request(std::move(*guest));
}

// The tunnel keeps the connection, which counts as long as it lives.
void HttpListener::take_off_tls(ConnectionLimiter::Id id, Ref<GSocketConnection> connection) {
  auto guest = Guest::of(id, connection);
  if (!guest) return;
  auto opened = TlsTunnel::open(std::move(connection), certificate_, [this, id] { tunnels_.erase(id); });
  if (!opened) return static_cast<void>(g_info("%s", opened.error().detail.c_str()));
  tunnels_.emplace(id, std::move(opened->tunnel));
  guest->connection = std::move(opened->inside);
  guest->is_secure = true;
  guest->tls_binding = opened->binding;
  handler_.on_request(std::move(*guest));
}

void HttpListener::refuse(ConnectionLimiter::Id id, const Reply &reply) {
  Pending &pending = pending_.at(id);
  const std::string text = response(reply);
  // If the socket does not take even these few bytes, the client does not read, and it gets nothing.
  send(fd_of(pending.connection), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(fd_of(pending.connection), SHUT_WR);
  pending.refused = true;
  wake_at(pending.connection, 1);
  wait_until(id, now() + linger);
}

void HttpListener::drop_input(ConnectionLimiter::Id id, Pending &pending) {
  for (int i = 0; i < reads_at_once; ++i) {
    const ssize_t got = recv(fd_of(pending.connection), head_.data(), head_.size(), MSG_DONTWAIT);
    if (got > 0) {
      pending.dropped += static_cast<std::size_t>(got);
      if (pending.dropped > max_dropped) return static_cast<void>(pending_.erase(id));
      continue;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) pending_.erase(id);
    return;
  }
}

void HttpListener::wait_until(ConnectionLimiter::Id id, Time until) {
  guests_.wait_until(id, until);
  deadline_.set(guests_.deadline());
}

void HttpListener::on_deadline() {
  for (const ConnectionLimiter::Id id : guests_.late(now())) {
    const auto found = pending_.find(id);
    if (found == pending_.end()) {
      guests_.wait_until(id, never);
      handler_.on_late(id);
    } else if (found->second.refused || found->second.seen == 0) {
      pending_.erase(found);
    } else {
      refuse(id, reply_error({Code::timeout, "the headers did not come in time"}, 408));
    }
  }
  deadline_.set(guests_.deadline());
}

void HttpListener::on_gone(ConnectionLimiter::Id id) {
  guests_.leave(id);
  deadline_.set(guests_.deadline());
}

}  // namespace astral::http
