// SPDX-License-Identifier: BSD-3-Clause
#include "quic/send_queue.hpp"

#include <cassert>

namespace astral::quic {

// The asserts of this file check ngtcp2, not the peer. ngtcp2 opens a stream once and takes only what it was
// given; it refuses an acknowledgement of data that was never sent before we see it.

void SendQueue::open(std::uint64_t id, int priority) {
  Stream stream{};
  stream.priority = priority;
  stream.order = opened_++;
  const bool fresh = streams_.emplace(id, std::move(stream)).second;
  assert(fresh);
  static_cast<void>(fresh);
}

bool SendQueue::push(std::uint64_t id, Slice data, bool fin) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.fin) return false;
  Stream &stream = found->second;
  stream.unsent += data.size();
  load(stream).backlog += data.size();
  stream.fin = fin;
  if (!data.empty()) stream.slices.push_back(std::move(data));
  refresh(id, stream);
  return true;
}

void SendQueue::set_priority(std::uint64_t id, int priority) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream &stream = found->second;
  ready_.erase({stream.priority, stream.order});
  const std::size_t in_flight = stream.sent - stream.acked;
  load(stream).backlog -= stream.unsent;
  load(stream).in_flight -= in_flight;
  stream.priority = priority;
  load(stream).backlog += stream.unsent;
  load(stream).in_flight += in_flight;
  refresh(id, stream);
}

bool SendQueue::next(Piece &piece, std::size_t window) const {
  if (ready_.empty()) return false;
  if (ready_.begin()->first.first >= background && back_.in_flight >= window) return false;
  piece.id = ready_.begin()->second;
  piece.count = 0;
  piece.size = 0;
  const Stream &stream = streams_.at(piece.id);
  std::size_t offset = stream.next_offset;
  for (std::size_t i = stream.next_slice; i < stream.slices.size() && piece.count < max_parts; ++i) {
    const Bytes part = stream.slices[i].bytes().subspan(offset);
    offset = 0;
    piece.parts[piece.count++] = part;
    piece.size += part.size();
  }
  piece.fin = stream.fin && piece.size == stream.unsent;
  return true;
}

void SendQueue::written(const Piece &piece, std::size_t size) {
  Stream &stream = streams_.at(piece.id);
  assert(size <= piece.size && size <= stream.unsent);
  stream.sent += size;
  stream.unsent -= size;
  load(stream).backlog -= size;
  load(stream).in_flight += size;
  if (piece.fin && size == piece.size) stream.fin_sent = true;
  while (size > 0) {
    const std::size_t left = stream.slices[stream.next_slice].size() - stream.next_offset;
    if (size < left) {
      stream.next_offset += size;
      break;
    }
    size -= left;
    stream.next_offset = 0;
    ++stream.next_slice;
  }
  refresh(piece.id, stream);
}

void SendQueue::block(std::uint64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.blocked = true;
  refresh(id, found->second);
}

void SendQueue::unblock(std::uint64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  found->second.blocked = false;
  refresh(id, found->second);
}

void SendQueue::acknowledge(std::uint64_t id, std::uint64_t offset) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream &stream = found->second;
  if (offset <= stream.acked) return;
  assert(offset <= stream.sent);
  load(stream).in_flight -= offset - stream.acked;
  stream.acked = offset;
  while (stream.next_slice > 0 && stream.base + stream.slices.front().size() <= offset) {
    stream.base += stream.slices.front().size();
    stream.slices.pop_front();
    --stream.next_slice;
  }
}

bool SendQueue::end(std::uint64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return false;
  Stream &stream = found->second;
  if (stream.gone) return false;
  stream.gone = true;
  load(stream).backlog -= stream.unsent;
  stream.unsent = 0;
  stream.fin = stream.fin_sent = true;
  // Keep the slice that is partly sent; drop those after it.
  const std::size_t kept = stream.next_slice + (stream.next_offset > 0 ? 1 : 0);
  stream.slices.resize(kept);
  refresh(id, stream);
  return true;
}

void SendQueue::close(std::uint64_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Stream &stream = found->second;
  load(stream).backlog -= stream.unsent;
  load(stream).in_flight -= stream.sent - stream.acked;
  ready_.erase({stream.priority, stream.order});
  streams_.erase(found);
}

void SendQueue::clear() {
  streams_.clear();
  ready_.clear();
  front_ = back_ = {};
}

bool SendQueue::ended(std::uint64_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second.fin;
}

std::size_t SendQueue::backlog(std::uint64_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? 0 : found->second.unsent;
}

void SendQueue::refresh(std::uint64_t id, const Stream &stream) {
  const bool has_something = stream.unsent > 0 || (stream.fin && !stream.fin_sent);
  const Key key{stream.priority, stream.order};
  if (has_something && !stream.blocked)
    ready_.emplace(key, id);
  else
    ready_.erase(key);
}

}  // namespace astral::quic
