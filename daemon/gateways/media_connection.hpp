// SPDX-License-Identifier: BSD-3-Clause
// One connection that live media flows through: what comes is handed on as it comes, what goes waits within a
// bound. A player that is too slow misses pictures up to the next key frame; one that takes nothing is cut
// off. What the bytes mean is not its business.
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

// **Thread**: the default main context. **Owns** the connection, which ends with it.
class MediaConnection {
 public:
  struct Limits {
    std::size_t queue = 8 << 20;  // bytes that the socket has not taken
    Time stall = 15s;             // without taking any
  };
  struct Handler {
    std::function<void(Bytes)> on_bytes;  // may destroy the flow
    std::function<void(const std::string &why)>
        on_gone;  // once, and never from inside a call; may destroy it
  };

  MediaConnection(Ref<GIOStream> stream, const Limits &limits, Handler handler);
  ~MediaConnection();
  MediaConnection(const MediaConnection &) = delete;
  MediaConnection &operator=(const MediaConnection &) = delete;

  void send(Slice bytes);  // words: all of them arrive, or the connection ends
  // A whole frame of media, which may be left out. `is_start`: a player can begin with it.
  void play(const Slice &frame, bool is_start);
  // When everything is sent and the other side has gone, or after a moment; on_gone then.
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
  std::size_t written_ = 0;  // of the first
  bool is_skipping_ = false;
  std::uint64_t skipped_ = 0;  // frames
  bool is_closing_ = false;
  std::string why_;  // it has ended, and on_gone is due
  Timer timer_;
  Source output_;
  http::Epoll::Watch input_;
};

}  // namespace astral::gateways
