// SPDX-License-Identifier: BSD-3-Clause
// For each stream, the bytes that are still to be sent or acknowledged, and the choice of the next stream.
// Pure: it does not know packets.
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
  // ngtcp2 allocates a frame of more parts by itself. Until 1.6 it loses that memory if it splits the frame to send
  // it again (github.com/ngtcp2/ngtcp2/issues/1244).
  static constexpr std::size_t max_parts = 3;
  static constexpr int background = 192;  // streams with this priority or a higher number may come late

  // The next bytes of one stream to send. Valid until the queue changes.
  struct Piece {
    std::uint64_t id = 0;
    std::array<Bytes, max_parts> parts;
    std::size_t count = 0;
    std::size_t size = 0;
    bool fin = false;  // these bytes end the stream
  };

  void open(std::uint64_t id, int priority);
  // Returns false and keeps nothing if the stream is unknown or closed for sending.
  bool push(std::uint64_t id, Slice data, bool fin);
  void set_priority(std::uint64_t id, int priority);

  // The next stream, by priority and then by age, that has data and is not blocked. False: there is none, or
  // only in the background and more than `window` of that is in flight.
  bool next(Piece &piece, std::size_t window = SIZE_MAX) const;
  void written(const Piece &piece, std::size_t size);
  void block(std::uint64_t id);
  void unblock(std::uint64_t id);
  // The peer has received everything before `offset`: releases the slices.
  void acknowledge(std::uint64_t id, std::uint64_t offset);

  // Drops what has not been sent; what was sent stays referenced. Returns false if the stream had ended
  // already or is unknown.
  bool end(std::uint64_t id);
  void close(std::uint64_t id);
  void clear();

  bool ended(std::uint64_t id) const;
  std::size_t backlog() const { return front_.backlog + back_.backlog; }
  std::size_t background_backlog() const { return back_.backlog; }
  std::size_t backlog(std::uint64_t id) const;
  std::size_t in_flight() const { return front_.in_flight + back_.in_flight; }

 private:
  struct Stream {
    int priority;
    std::uint64_t order;
    std::deque<Slice> slices;  // the first is one that is not fully acknowledged
    std::uint64_t base = 0;    // stream offset of slices.front()
    std::uint64_t acked = 0;   // stream offset; `sent` too
    std::uint64_t sent = 0;
    std::size_t next_slice = 0;  // with next_offset: the first unsent byte
    std::size_t next_offset = 0;
    std::size_t unsent = 0;
    bool fin = false;       // push() is refused
    bool fin_sent = false;  // everything has been written
    bool gone = false;      // end() was called
    bool blocked = false;
  };
  struct Load {
    std::size_t backlog = 0;
    std::size_t in_flight = 0;
  };
  Load &load(const Stream &stream) { return stream.priority >= background ? back_ : front_; }
  using Key = std::pair<int, std::uint64_t>;  // priority, order

  void refresh(std::uint64_t id, const Stream &stream);

  std::map<std::uint64_t, Stream> streams_;
  std::map<Key, std::uint64_t> ready_;
  std::uint64_t opened_ = 0;
  Load front_, back_;
};

}  // namespace astral::quic
