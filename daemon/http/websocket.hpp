// SPDX-License-Identifier: BSD-3-Clause
// One WebSocket, accepted or connected: text messages, a bounded send queue, a proper close with a code and a
// reason, and a bound on every wait. What the text means is not its business.
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
#include "http/websocket_frames.hpp"

namespace astral::http {

struct WebSocketLimits {
  std::size_t message_bytes = 64 * 1024;
  std::size_t queue_bytes = 1024 * 1024;  // not yet taken by the socket; beyond: the other side is too slow
  Time connect = 5s;                      // from connect() to the end of the handshake
  Time close = 1s;                        // from our close frame to the other side's
};

// **Thread**: one context, the thread-default one of its making. **Owns** the connection.
// Held by shared_ptr; letting go of the last one cuts the connection without a word: close() first.
// on_closed comes exactly once and last, never from inside a call to this object; not after the owner let go.
class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  struct Handler {
    std::function<void()> on_open;  // of a connected one: the handshake is done
    std::function<void(std::string_view)> on_text;
    std::function<void(const CloseReason &)>
        on_closed;  // close_code::abnormal: it broke, or never came to be
  };

  // A connection on which the server's half of the handshake has been done.
  static std::shared_ptr<WebSocket> accept(Ref<GIOStream> stream, Handler handler,
                                           const WebSocketLimits &limits = {});
  // To ws://host:port/path. Proxies are not used.
  static std::shared_ptr<WebSocket> connect(const std::string &host, std::uint16_t port,
                                            const std::string &path, Handler handler,
                                            const WebSocketLimits &limits = {});
  ~WebSocket();
  WebSocket(const WebSocket &) = delete;
  WebSocket &operator=(const WebSocket &) = delete;

  void send(std::string_view text);  // before on_open and after close(): nothing
  void ping();
  void close(const CloseReason &reason);
  // Where this machine has lost the address that it is bound to, nothing of it can arrive any more, and TCP
  // would say so only after minutes: it breaks.
  void check_address();

  // Nothing of what was sent waits here any more.
  bool flushed() const { return queue_.empty(); }

 private:
  enum class State { connecting, upgrading, open, closing, closed };

  WebSocket(State state, FrameReader::From from, Handler handler, const WebSocketLimits &limits);
  void use(Ref<GIOStream> stream);
  void upgrade(Ref<GIOStream> stream);
  void set_deadline(Time when);
  void on_input();
  void take(std::string_view bytes);
  void take_answer(std::string_view bytes);
  void take_frames(std::string_view bytes);
  void send_frame(Opcode opcode, std::string_view payload);
  void enqueue(std::string bytes);
  void write();
  void watch_output();
  void finish(CloseReason reason);

  const Ref<GMainContext> context_;
  const WebSocketLimits limits_;
  Handler handler_;
  State state_;
  const bool masks_;  // a client's frames are masked
  FrameReader reader_;
  Ref<GIOStream> stream_;
  Ref<GCancellable> connecting_;
  std::string request_;  // for the upgrade
  std::string key_;
  std::string answer_;  // to the upgrade, until it is whole
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;    // bytes in the queue
  std::size_t written_ = 0;   // bytes of the first in the queue
  bool last_queued_ = false;  // the close frame is in the queue, or was
  bool finish_when_flushed_ = false;
  CloseReason reason_;
  Epoll::Watch input_;
  Source first_look_;  // at what was read ahead
  Source output_;
  Source farewell_;
  std::unique_ptr<Timer>
      deadline_;  // there while there is one to wait for: every source costs at every wake-up
};

// The answer to a Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

}  // namespace astral::http
