// SPDX-License-Identifier: BSD-3-Clause
// Datagrams that wait until a TCP connection takes them, as WebSocket frames. Decides which are dropped: the
// newest, when the first has waited too long, as a router with a full buffer does. Pure.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "glue/time.hpp"

namespace astral::udp {

class DatagramQueue {
 public:
  // A lost TCP segment stops the queue for a round trip or two. What waits longer than that is behind a line
  // that carries less than QUIC believes, and a drop tells QUIC so.
  static constexpr Time max_wait = 200ms;
  static constexpr std::size_t max_bytes = 1024 * 1024;  // 200 ms at 40 Mbit/s

  // False: dropped.
  bool push(std::string_view frame, Time now) {
    if (!waiting_.empty() && now - waiting_.front().since > max_wait) return false;
    if (front().size() + frame.size() > max_bytes) return false;
    bytes_.append(frame);
    waiting_.push_back({frame.size(), now});
    return true;
  }
  bool empty() const { return waiting_.empty(); }
  // All that waits, in order. Valid until the next call that is not const.
  std::string_view front() const { return std::string_view(bytes_).substr(taken_); }
  // The first `size` bytes of front() are gone. A frame is never cut: what is left of it stays first.
  void take(std::size_t size) {
    taken_ += size;
    while (!waiting_.empty() && size >= waiting_.front().left) {
      size -= waiting_.front().left;
      waiting_.pop_front();
    }
    if (!waiting_.empty()) waiting_.front().left -= size;
    if (taken_ < bytes_.size() && taken_ < max_bytes) return;
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  void clear() { *this = {}; }

 private:
  struct Waiting {
    std::size_t left = 0;  // bytes
    Time since{};
  };
  std::string bytes_;
  std::size_t taken_ = 0;  // of bytes_
  std::deque<Waiting> waiting_;
};

}  // namespace astral::udp
