// SPDX-License-Identifier: BSD-3-Clause
#include "http/websocket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <utility>

#include "glue/random.hpp"
#include "http/remote_address.hpp"

namespace astral::http {

using websocket::FrameEvent;
using websocket::FrameReader;
using websocket::Opcode;

namespace {

constexpr int socket_reads_at_once = 4;  // then the context's other sources have their turn

using Mask = std::array<std::uint8_t, 4>;

std::string address_of(GSocketAddress *remote) {
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(remote);
  return GString_(g_inet_address_to_string(g_inet_socket_address_get_address(inet))).get();
}

std::string authority(const std::string &host, std::uint16_t port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

void use_tls(GSocketClient *client, const Ref<GTlsDatabase> &authorities) {
  g_socket_client_set_tls(client, TRUE);
  if (!authorities) return;
  const auto trust = +[](GSocketClient *, GSocketClientEvent event, GSocketConnectable *,
                         GIOStream *connection, gpointer database) noexcept {
    if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
      g_tls_connection_set_database(G_TLS_CONNECTION(connection), G_TLS_DATABASE(database));
  };
  g_signal_connect_data(
      client, "event", G_CALLBACK(trust), g_object_ref(authorities.get()),
      [](gpointer database, GClosure *) { g_object_unref(database); }, G_CONNECT_DEFAULT);
}

GSocket *socket_of(GIOStream *stream) {
  return g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
}

int fd_of(GIOStream *stream) {
  return g_socket_get_fd(socket_of(stream));
}

using WeakSocket = std::weak_ptr<WebSocket>;

// A callback that does not keep the socket alive; it does nothing once the socket is gone.
template <typename F>
struct Thunk {
  WeakSocket socket;
  F run;
};

template <typename F>
Source idle(GMainContext *context, WeakSocket socket, F run) {
  using Data = Thunk<F>;
  GSource *source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source,
      [](gpointer data) noexcept -> gboolean {
        auto *thunk = static_cast<Data *>(data);
        if (const auto alive = thunk->socket.lock()) thunk->run(*alive);
        return G_SOURCE_REMOVE;
      },
      new Data{std::move(socket), std::move(run)}, [](gpointer data) { delete static_cast<Data *>(data); });
  g_source_attach(source, context);
  return Source(source);
}

template <typename F>
Source watch(GSource *source, GMainContext *context, WeakSocket socket, F run) {
  using Data = Thunk<F>;
  const GPollableSourceFunc dispatch = [](GObject *, gpointer data) noexcept -> gboolean {
    auto *thunk = static_cast<Data *>(data);
    if (const auto alive = thunk->socket.lock()) thunk->run(*alive);
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(source, G_SOURCE_FUNC(dispatch), new Data{std::move(socket), std::move(run)},
                        [](gpointer data) { delete static_cast<Data *>(data); });
  g_source_attach(source, context);
  return Source(source);
}

}  // namespace

WebSocket::WebSocket(State state, FrameReader::From from, Handler handler, const WebSocketLimits &limits)
    : context_(Ref<GMainContext>::adopt(g_main_context_ref_thread_default())),
      limits_(limits),
      handler_(std::move(handler)),
      state_(state),
      masks_(from == FrameReader::From::server),
      reader_(from, limits.message_bytes) {}

WebSocket::~WebSocket() {
  if (connecting_) g_cancellable_cancel(connecting_.get());
  input_.reset();
  if (stream_) g_socket_close(socket_of(stream_.get()), nullptr);
}

std::shared_ptr<WebSocket> WebSocket::accept(Ref<GIOStream> stream, Handler handler,
                                             const WebSocketLimits &limits) {
  std::shared_ptr<WebSocket> socket(
      new WebSocket(State::open, FrameReader::From::client, std::move(handler), limits));
  socket->use(std::move(stream));
  return socket;
}

std::shared_ptr<WebSocket> WebSocket::connect(WebSocketServer server, Handler handler,
                                              const WebSocketLimits &limits) {
  std::shared_ptr<WebSocket> socket(
      new WebSocket(State::connecting, FrameReader::From::server, std::move(handler), limits));
  socket->handshake_.emplace(random_bytes<16>());
  socket->server_ = std::move(server);
  socket->reason_ = {close_code::abnormal, "no connection within the time limit"};
  socket->set_deadline(now() + limits.connect);
  socket->connecting_ = Ref<GCancellable>::adopt(g_cancellable_new());

  const auto client = Ref<GSocketClient>::adopt(g_socket_client_new());
  g_socket_client_set_enable_proxy(client.get(), FALSE);
  const WebSocketServer &to = socket->server_;
  if (to.is_secure) use_tls(client.get(), to.authorities);
  const auto address = Ref<GSocketConnectable>::adopt(g_network_address_new(to.host.c_str(), to.port));
  g_socket_client_connect_async(
      client.get(), address.get(), socket->connecting_.get(),
      [](GObject *source, GAsyncResult *result, gpointer data) noexcept {
        const std::unique_ptr<WeakSocket> weak(static_cast<WeakSocket *>(data));
        GError *raw = nullptr;
        auto connection = Ref<GIOStream>::adopt(
            G_IO_STREAM(g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, &raw)));
        const GErrorPtr error(raw);
        const auto alive = weak->lock();
        if (!alive || alive->state_ != State::connecting) return;
        if (connection) return alive->upgrade(std::move(connection));
        alive->finish({close_code::abnormal, error->message});
      },
      new WeakSocket(socket));
  return socket;
}

void WebSocket::use(Ref<GIOStream> stream) {
  stream_ = std::move(stream);
  if (server_.is_secure) {
    GInputStream *input = g_io_stream_get_input_stream(stream_.get());
    tls_input_ = watch(g_pollable_input_stream_create_source(G_POLLABLE_INPUT_STREAM(input), nullptr),
                       context_.get(), weak_from_this(), [](WebSocket &self) { self.on_input(); });
    return;
  }
  input_ = Epoll::Watch(context_.get(), fd_of(stream_.get()), [weak = weak_from_this()] {
    if (const auto alive = weak.lock()) alive->on_input();
  });
}

std::string WebSocket::binding() const {
  return binding_ ? *binding_ : "";
}

void WebSocket::set_deadline(Time when) {
  if (!deadline_) deadline_ = std::make_unique<Timer>(context_.get(), [this] { finish(reason_); });
  deadline_->set(when);
}

void WebSocket::upgrade(Ref<GIOStream> stream) {
  state_ = State::upgrading;
  connecting_.reset();
  g_socket_set_option(socket_of(stream.get()), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  const auto remote = Ref<GSocketAddress>::adopt(
      g_socket_connection_get_remote_address(G_SOCKET_CONNECTION(stream.get()), nullptr));
  const auto local = Ref<GSocketAddress>::adopt(
      g_socket_connection_get_local_address(G_SOCKET_CONNECTION(stream.get()), nullptr));
  if (!remote || !local) return finish({close_code::abnormal, "the connection ended at once"});
  local_address_ = remote_address_of(local.get()).address;
  if (server_.is_bound) {
    auto opened = TlsTunnel::open_as_client(Ref<GSocketConnection>::retain(G_SOCKET_CONNECTION(stream.get())),
                                            [this] { on_tls_ended(); });
    if (!opened) return finish({close_code::abnormal, opened.error().detail});
    tunnel_ = std::move(opened->tunnel);
    binding_ = opened->binding;
    stream = Ref<GIOStream>::retain(G_IO_STREAM(opened->inside.get()));
  }
  use(std::move(stream));
  const std::string host = server_.is_secure ? server_.host : address_of(remote.get());
  enqueue(handshake_->request(server_.path, authority(host, server_.port)));
}

// What it has brought inside is still read.
void WebSocket::on_tls_ended() {
  tunnel_.reset();
  if (binding().empty()) finish({close_code::abnormal, "it opened no TLS session"});
}

void WebSocket::on_input() {
  std::array<char, 16 * 1024> buffer;
  for (int i = 0; i < socket_reads_at_once && stream_; ++i) {
    GError *raw = nullptr;
    const gssize got = g_pollable_input_stream_read_nonblocking(
        G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(stream_.get())), buffer.data(), buffer.size(),
        nullptr, &raw);
    const GErrorPtr error(raw);
    if (got < 0 && g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return;
    if (got <= 0) {
      if (state_ == State::closing) return finish(reason_);
      return finish({close_code::abnormal, got < 0 ? error->message : "the other side ended the connection"});
    }
    take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
  }
}

void WebSocket::take(std::string_view bytes) {
  switch (state_) {
    case State::upgrading:
      return take_answer(bytes);
    case State::open:
    case State::closing:
      return take_frames(bytes);
    case State::connecting:
    case State::closed:
      return;
  }
}

void WebSocket::take_answer(std::string_view bytes) {
  const auto whole = handshake_->take(bytes);
  if (!whole) return finish({close_code::abnormal, whole.error().detail});
  if (!*whole) return;
  const std::string first_frames = handshake_->rest();
  handshake_.reset();
  state_ = State::open;
  deadline_.reset();
  if (handler_.on_open) handler_.on_open();
  take_frames(first_frames);
}

void WebSocket::take_frames(std::string_view bytes) {
  std::vector<FrameEvent> events;
  const auto fed = reader_.feed(as_bytes(bytes), events);
  for (const FrameEvent &event : events) {
    if (event.opcode == Opcode::close) {
      if (state_ == State::closing) return finish(reason_);
      if (state_ != State::open) return;
      finish_when_flushed_ = true;
      return close({event.code, event.payload});
    }
    if (state_ != State::open) return;
    if (event.opcode == Opcode::ping) send_frame(Opcode::pong, event.payload);
    if (event.opcode == Opcode::text && handler_.on_text) handler_.on_text(event.payload);
  }
  if (!fed) close(fed.error());
}

void WebSocket::send(std::string_view text) {
  if (state_ == State::open) send_frame(Opcode::text, text);
}

void WebSocket::ping() {
  if (state_ == State::open) send_frame(Opcode::ping, "");
}

void WebSocket::close(const CloseReason &reason) {
  if (state_ == State::closing || state_ == State::closed) return;
  reason_ = reason;
  if (state_ != State::open) return finish(reason);
  state_ = State::closing;
  set_deadline(now() + limits_.close);
  const Mask mask = masks_ ? random_bytes<std::tuple_size_v<Mask>>() : Mask{};
  last_queued_ = true;
  enqueue(websocket::close_frame(reason, masks_ ? mask.data() : nullptr));
}

void WebSocket::send_frame(Opcode opcode, std::string_view payload) {
  const Mask mask = masks_ ? random_bytes<std::tuple_size_v<Mask>>() : Mask{};
  enqueue(websocket::frame(opcode, payload, masks_ ? mask.data() : nullptr));
}

void WebSocket::enqueue(std::string bytes) {
  if (!stream_) return;
  if (queued_ + bytes.size() > limits_.queue_bytes) {
    return finish({close_code::abnormal, "the other side reads too slowly"});
  }
  queued_ += bytes.size();
  queue_.push_back(std::move(bytes));
  if (!output_) write();
}

void WebSocket::write() {
  while (!queue_.empty() && stream_) {
    const std::string &first = queue_.front();
    GError *raw = nullptr;
    const gssize put = g_pollable_output_stream_write_nonblocking(
        G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream_.get())), first.data() + written_,
        first.size() - written_, nullptr, &raw);
    const GErrorPtr error(raw);
    if (put < 0 && g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) return watch_output();
    if (put < 0) return finish({close_code::abnormal, error->message});
    written_ += static_cast<std::size_t>(put);
    if (written_ < first.size()) continue;
    queued_ -= first.size();
    written_ = 0;
    queue_.pop_front();
  }
  output_.reset();
  if (last_queued_ && finish_when_flushed_) finish(reason_);
}

void WebSocket::watch_output() {
  if (output_) return;
  GOutputStream *output = g_io_stream_get_output_stream(stream_.get());
  output_ = watch(g_pollable_output_stream_create_source(G_POLLABLE_OUTPUT_STREAM(output), nullptr),
                  context_.get(), weak_from_this(), [](WebSocket &self) { self.write(); });
}

void WebSocket::break_off(std::string why) {
  finish({close_code::abnormal, std::move(why)});
}

void WebSocket::finish(CloseReason reason) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  reason_ = std::move(reason);
  if (connecting_) g_cancellable_cancel(connecting_.get());
  input_.reset();
  tls_input_.reset();
  output_.reset();
  queue_.clear();
  queued_ = 0;
  // Not the stream: TLS would wait until its last record can be sent.
  if (stream_) g_socket_close(socket_of(stream_.get()), nullptr);
  stream_.reset();
  tunnel_.reset();
  if (deadline_) deadline_->set(never);
  notice_ = idle(context_.get(), weak_from_this(), [](WebSocket &self) {
    if (self.handler_.on_closed) self.handler_.on_closed(self.reason_);
  });
}

}  // namespace astral::http
