// SPDX-License-Identifier: BSD-3-Clause
#include "elements/signaller.hpp"

#include <libsoup/soup.h>

#include "elements/signalling.hpp"
#include "glue/ref.hpp"

namespace astral::elements {

// The connect call may end after the signaller was destroyed. The destructor cancels it, and the callback
// checks that.
struct NodeSignaller::Socket {
  Owner *owner;
  Ref<GCancellable> cancel = Ref<GCancellable>::adopt(g_cancellable_new());
  Ref<SoupSession> session;
  Ref<SoupMessage> request;
  Ref<SoupWebsocketConnection> connection;
  SignalHandler message, closed, error;
  Timer beat;
  Timer give_up;
  std::string node;
  std::string why;  // the first error seen
  bool lost = false;

  Socket(const std::string &url, GMainContext *context, Owner &its_owner)
      : owner(&its_owner),
        session(Ref<SoupSession>::adopt(soup_session_new())),
        beat(context, [this] { send_heartbeat(); }),
        give_up(context,
                [this] {
                  lose({Code::timeout, "the node at " + node + " does not answer"});
                }),
        node(url) {}

  void lose(Error error_seen) {
    if (lost) return;
    lost = true;
    beat.set(never);
    give_up.set(never);
    owner->on_signaller_lost(error_seen);
  }

  std::string refusal(const GError &failure) const {
    if (soup_message_get_status(request.get()) != SOUP_STATUS_FORBIDDEN) return failure.message;
    return "the node refuses this host name; use its IP address, or start it with --allowed-host";
  }

  // Does nothing if the node has begun to close the socket.
  void send(const std::string &text) {
    if (connection && soup_websocket_connection_get_state(connection.get()) == SOUP_WEBSOCKET_STATE_OPEN)
      soup_websocket_connection_send_text(connection.get(), text.c_str());
  }

  void send_heartbeat() {
    send(signalling::heartbeat());
    beat.set(now() + heartbeat);
  }

  void opened(SoupWebsocketConnection *adopted) {
    connection = Ref<SoupWebsocketConnection>::adopt(adopted);
    give_up.set(never);
    soup_websocket_connection_set_max_incoming_payload_size(adopted, signalling::max_message);
    message = {adopted, g_signal_connect(
                            adopted, "message",
                            G_CALLBACK(+[](SoupWebsocketConnection *, int type, GBytes *bytes, Socket *self) {
                              if (type != SOUP_WEBSOCKET_DATA_TEXT || self->lost) return;
                              gsize size = 0;
                              const auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &size));
                              self->owner->on_signaller_message(std::string(data, size));
                            }),
                            this)};
    error = {adopted, g_signal_connect(adopted, "error",
                                       G_CALLBACK(+[](SoupWebsocketConnection *, GError *failure,
                                                      Socket *self) { self->why = failure->message; }),
                                       this)};
    closed = {adopted, g_signal_connect(
                           adopted, "closed", G_CALLBACK(+[](SoupWebsocketConnection *ws, Socket *self) {
                             const char *data = soup_websocket_connection_get_close_data(ws);
                             if (data && *data) self->why = data;
                             self->lose({Code::unreachable, "the node at " + self->node + " was lost" +
                                                                (self->why.empty() ? "" : ": " + self->why)});
                           }),
                           this)};
    beat.set(now() + heartbeat);
    owner->on_signaller_open();
  }
};

NodeSignaller::NodeSignaller(const std::string &node, GMainContext *context, Owner &owner)
    : socket_(std::make_unique<Socket>(node, context, owner)) {
  std::string url = node;
  if (url.starts_with("http")) url.replace(0, 4, "ws");
  while (url.ends_with('/')) url.pop_back();
  url += "/peer";
  auto message = Ref<SoupMessage>::adopt(soup_message_new("GET", url.c_str()));
  if (!message) {
    socket_->give_up.set(Time::zero());
    socket_->node += " (no URL)";
    return;
  }
  socket_->request = message;
  socket_->give_up.set(now() + connect_timeout);
  soup_session_websocket_connect_async(
      socket_->session.get(), message.get(), nullptr, nullptr, G_PRIORITY_DEFAULT, socket_->cancel.get(),
      [](GObject *session, GAsyncResult *result, gpointer data) noexcept {
        GError *failure = nullptr;
        SoupWebsocketConnection *connection =
            soup_session_websocket_connect_finish(SOUP_SESSION(session), result, &failure);
        const GErrorPtr error(failure);
        if (!connection && g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
        auto *self = static_cast<Socket *>(data);
        if (!connection)
          self->lose({Code::unreachable, "no node at " + self->node + ": " + self->refusal(*failure)});
        else
          self->opened(connection);
      },
      socket_.get());
}

NodeSignaller::~NodeSignaller() {
  g_cancellable_cancel(socket_->cancel.get());
  if (SoupWebsocketConnection *connection = socket_->connection.get()) {
    socket_->message = {};
    socket_->closed = {};
    socket_->error = {};
    if (soup_websocket_connection_get_state(connection) == SOUP_WEBSOCKET_STATE_OPEN) {
      soup_websocket_connection_send_text(connection, signalling::goodbye().c_str());
      soup_websocket_connection_close(connection, SOUP_WEBSOCKET_CLOSE_NORMAL, nullptr);
    }
  }
}

void NodeSignaller::send(const std::string &text) {
  socket_->send(text);
}

}  // namespace astral::elements
