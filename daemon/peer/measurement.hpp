// SPDX-License-Identifier: BSD-3-Clause
// One end of a measurement of the line between two nodes, over several WebSockets: what it sends, what it
// receives, and how fast both went. Each end measures what it sends by the other's acknowledgements and its
// own clock, so it need not believe the other. What comes unasked, or is more than an honest end sends, ends
// it.
//
//   "d" and letters   data                "s"   the client asks the other end to send
//   "a" and a number  bytes received      "e"   the sender has finished
//
// **Why** several: one TCP connection begins too slowly for a fast and long line, and its buffers may be too
// small for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "glue/loop.hpp"
#include "http/websocket.hpp"
#include "peer/rate_meter.hpp"

namespace astral::peer {

// **Thread**: the default main context. No handler but may_send is called from inside a call.
class Measurement {
 public:
  static constexpr std::size_t max_sockets = 4;
  static http::WebSocketLimits socket_limits();

  struct Handler {
    std::function<void()> on_asked;  // the other end wants data
    std::function<void()> on_sent;   // this end has finished sending
    std::function<void()> on_heard;  // the other end has
    std::function<void()> on_gone;   // no socket is left
    // Asked at the start and with each acknowledgement: sending ends when it must not go on.
    std::function<bool()> may_send;
  };
  explicit Measurement(Handler handler);
  Measurement(const Measurement &) = delete;
  Measurement &operator=(const Measurement &) = delete;

  bool full() const { return channels_.size() >= max_sockets; }
  // Calls `make` with the handler that the socket shall have.
  void add(const std::function<std::shared_ptr<http::WebSocket>(http::WebSocket::Handler)> &make);
  void ask();     // on every socket, also on those that open later
  void send();    // until the rate is known
  void finish();  // says so; now the other end may send

  bool interrupted() const { return interrupted_; }  // this end had to stop before the rate was known
  // Bits per second on the wire; 0: not known.
  std::uint64_t sent_bps() const;
  std::uint64_t received_bps() const;

 private:
  struct Channel {
    std::shared_ptr<http::WebSocket> socket = {};
    bool open = false;
    std::uint64_t sent = 0, acknowledged = 0;  // bytes of data
    std::uint64_t received = 0, told = 0;
  };
  enum class Phase { waiting, sending, sent };

  void on_open(std::size_t index);
  void on_text(std::size_t index, std::string_view text);
  void on_data(Channel &channel, std::size_t bytes);
  void break_off();
  void on_acknowledged(Channel &channel, std::string_view number);
  void on_closed(std::size_t index);
  bool must_stop();
  void pump();
  void end_sending();
  void later(const std::function<void()> &what);

  const Handler handler_;
  std::vector<Channel> channels_;
  Phase phase_ = Phase::waiting;
  bool asking_ = false;
  bool asked_ = false;
  bool finished_ = false;
  bool heard_ = false;
  bool interrupted_ = false;
  RateMeter sent_, received_;
  Timer patience_;
  Mailbox mailbox_;
};

}  // namespace astral::peer
