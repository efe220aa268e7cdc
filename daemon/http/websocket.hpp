// SPDX-License-Identifier: BSD-3-Clause
// One WebSocket, accepted or connected: text messages, a bounded send queue, a close handshake with a code
// and a reason, and a limit on every wait. It does not read the texts.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/epoll.hpp"
#include "http/tls_tunnel.hpp"
#include "websocket/frames.hpp"
#include "websocket/handshake.hpp"

namespace astral::http {

namespace close_code = websocket::close_code;
using websocket::CloseReason;

struct WebSocketLimits {
  std::size_t message_bytes = 64 * 1024;
  std::size_t queue_bytes = 1024 * 1024;  // not yet sent; beyond: the peer is too slow, and is cut off
  Time connect = 5s;                      // from connect() to the end of the handshake
  Time close = 1s;                        // from this side's close frame to the peer's
};

// ws://host:port/path, or wss: there.
struct WebSocketServer {
  std::string host;  // a name or an IP address
  std::uint16_t port;
  std::string path;
  bool is_secure = false;              // TLS, with a certificate for `host`
  Ref<GTlsDatabase> authorities = {};  // that may have signed it; null: those that this system trusts
  bool is_bound = false;               // instead: TLS with any certificate, for a caller that uses binding()
};

// **Thread**: the context that is thread-default when it is made. **Owns** the connection.
// The release of the last shared_ptr breaks the connection without a close frame; call close() first.
// on_closed is called exactly once, as the last call, never from inside a call to this object, and not after
// the release of the last shared_ptr.
class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  struct Handler {
    std::function<void()> on_open;  // after connect(): the handshake is done
    std::function<void(std::string_view)> on_text;
    std::function<void(const CloseReason &)>
        on_closed;  // close_code::abnormal: the connection broke, or was never made
  };

  // A connection on which the server has done its half of the handshake.
  static std::shared_ptr<WebSocket> accept(Ref<GIOStream> stream, Handler handler,
                                           const WebSocketLimits &limits = {});
  // Proxies are not used. The Host header has the IP address, never the name that was resolved: a node knows
  // its addresses but not every name that points to it. With TLS it has the name, which the certificate has.
  static std::shared_ptr<WebSocket> connect(WebSocketServer server, Handler handler,
                                            const WebSocketLimits &limits = {});
  ~WebSocket();
  WebSocket(const WebSocket &) = delete;
  WebSocket &operator=(const WebSocket &) = delete;

  void send(std::string_view text);  // before on_open and after close(): does nothing
  void ping();
  void close(const CloseReason &reason);
  void break_off(std::string why);  // at once, without a close frame: on_closed with close_code::abnormal

  // After connect(): the IP address of this side; empty before there is a connection.
  const std::string &local_address() const { return local_address_; }
  // After connect() to a server that is bound: of its TLS, as TlsTunnel::Opened has it; empty: it has none.
  std::string binding() const;

  // The socket has taken everything that was sent.
  bool flushed() const { return queue_.empty(); }
  std::size_t queued_bytes() const { return queued_; }  // that the socket has not taken yet

 private:
  enum class State { connecting, upgrading, open, closing, closed };

  WebSocket(State state, websocket::FrameReader::From from, Handler handler, const WebSocketLimits &limits);
  void use(Ref<GIOStream> stream);
  void upgrade(Ref<GIOStream> stream);
  void set_deadline(Time when);
  void on_tls_ended();
  void on_input();
  void take(std::string_view bytes);
  void take_answer(std::string_view bytes);
  void take_frames(std::string_view bytes);
  void send_frame(websocket::Opcode opcode, std::string_view payload);
  void enqueue(std::string bytes);
  void write();
  void watch_output();
  void finish(CloseReason reason);

  const Ref<GMainContext> context_;
  const WebSocketLimits limits_;
  Handler handler_;
  State state_;
  const bool masks_;  // a client's frames are masked
  websocket::FrameReader reader_;
  Ref<GIOStream> stream_;
  Ref<GCancellable> connecting_;
  WebSocketServer server_;                               // of connect()
  std::string local_address_;                            // of connect()
  std::unique_ptr<TlsTunnel> tunnel_;                    // of a server that is bound
  std::shared_ptr<const std::string> binding_;           // of the tunnel
  std::optional<websocket::ClientHandshake> handshake_;  // while it lasts
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;    // bytes in the queue
  std::size_t written_ = 0;   // bytes of the queue's first entry
  bool last_queued_ = false;  // the close frame has been put into the queue
  bool finish_when_flushed_ = false;
  CloseReason reason_;
  Epoll::Watch input_;  // without TLS, which may hold bytes that have left the socket
  Source tls_input_;
  Source output_;
  Source notice_;                    // calls on_closed
  std::unique_ptr<Timer> deadline_;  // null while there is none: every source costs time at every wake-up
};

}  // namespace astral::http
