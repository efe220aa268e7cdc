// SPDX-License-Identifier: BSD-3-Clause
// One TCP connection for live media. Hands on what arrives, and queues what is sent within a limit. A player
// that is too slow misses frames up to the next key frame. One that takes nothing is disconnected. The class
// does not know what the bytes mean.
#pragma once

#include <gio/gio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "glue/bytes.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/epoll.hpp"

namespace astral::gateways {

// **Thread**: the default main context. **Owns** the connection and closes it in the destructor.
class MediaConnection {
 public:
  struct Limits {
    std::size_t queue = 8 << 20;  // bytes that the socket has not taken yet
    Time stall = 15s;             // how long the peer may take no byte
  };
  struct Handler {
    std::function<void(Bytes)> on_bytes;  // may destroy the connection
    std::function<void(const std::string &why)>
        on_gone;  // once, and never from inside a call; may destroy it
  };

  MediaConnection(Ref<GIOStream> stream, const Limits &limits, Handler handler);
  ~MediaConnection();
  MediaConnection(const MediaConnection &) = delete;
  MediaConnection &operator=(const MediaConnection &) = delete;

  void send(Slice bytes);  // never skipped: if the queue is full, the connection ends
  // A whole media frame, which may be skipped. `is_start`: playback can start with it.
  void play(const Slice &frame, bool is_start);
  // Calls on_gone when all is sent and the peer has closed its side, or after 2 s.
  void close();

  std::uint64_t skipped() const { return skipped_; }

 private:
  struct Piece {
    Slice bytes;
    bool is_media;
  };

  void read();
  void write();
  void enqueue(Slice bytes, bool is_media);
  void drop_media();
  void end(const std::string &why);
  void on_timer();

  const Limits limits_;
  const Handler handler_;
  const Ref<GIOStream> stream_;
  const Ref<GSocket> socket_;
  std::deque<Piece> queue_;
  std::size_t queued_ = 0;
  std::size_t written_ = 0;  // bytes of the first piece that are sent
  bool is_skipping_ = false;
  std::uint64_t skipped_ = 0;  // frames
  bool is_closing_ = false;
  std::string why_;  // not empty: it has ended, and on_gone is due
  Timer timer_;
  Source output_;
  http::Epoll::Watch input_;
};

}  // namespace astral::gateways
