// SPDX-License-Identifier: BSD-3-Clause
// What is still to be sent and to be acknowledged on each stream, and which stream is next. Pure: it knows no
// packets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "glue/bytes.hpp"

namespace astral::quic {

class SendQueue {
 public:
  static constexpr std::size_t max_parts = 16;

  // The next bytes of one stream. Valid until the queue is changed.
  struct Piece {
    std::uint64_t id = 0;
    std::array<Bytes, max_parts> parts;
    std::size_t count = 0;
    std::size_t size = 0;
    bool fin = false;  // the stream ends with them
  };

  void open(std::uint64_t id, int priority);
  // False: the stream is unknown or has ended for sending; nothing is kept.
  bool push(std::uint64_t id, Slice data, bool fin);
  void set_priority(std::uint64_t id, int priority);

  // The first stream, by priority and then by age, that has something and is not blocked. False: none.
  bool next(Piece &piece) const;
  void written(const Piece &piece, std::size_t size);
  void block(std::uint64_t id);
  void unblock(std::uint64_t id);
  // The peer has everything before `offset`: the slices are let go.
  void acknowledge(std::uint64_t id, std::uint64_t offset);

  // Nothing of it is sent any more; what was sent stays referenced. False: that was so already, or it is
  // unknown.
  bool end(std::uint64_t id);
  void close(std::uint64_t id);
  void clear();

  bool ended(std::uint64_t id) const;
  std::size_t backlog() const { return backlog_; }
  std::size_t backlog(std::uint64_t id) const;
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Stream {
    int priority;
    std::uint64_t order;
    std::deque<Slice> slices;  // from the first that is not acknowledged as a whole
    std::uint64_t base = 0;    // stream offset of slices.front()
    std::uint64_t acked = 0;   // offsets
    std::uint64_t sent = 0;
    std::size_t next_slice = 0;  // where the first unsent byte is
    std::size_t next_offset = 0;
    std::size_t unsent = 0;
    bool fin = false;       // nothing can be pushed
    bool fin_sent = false;  // nothing is left to write
    bool gone = false;      // end() was called
    bool blocked = false;
  };
  using Key = std::pair<int, std::uint64_t>;  // priority, order

  void refresh(std::uint64_t id, const Stream &stream);

  std::map<std::uint64_t, Stream> streams_;
  std::map<Key, std::uint64_t> ready_;
  std::uint64_t opened_ = 0;
  std::size_t backlog_ = 0;
  std::size_t in_flight_ = 0;
};

}  // namespace astral::quic
