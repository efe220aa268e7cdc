// SPDX-License-Identifier: BSD-3-Clause
// Fills packets from the queue and passes runs of packets of equal size to the Path as one burst.
#include <algorithm>
#include <array>
#include <bit>

#include "quic/connection_impl.hpp"
#include "quic/inside.hpp"

namespace astral::quic {
namespace {

// All connections of a thread share this buffer; only a running write() uses it.
thread_local std::array<std::uint8_t, Path::max_burst> burst;

}  // namespace

void Connection::Impl::write(Time now) {
  const ngtcp2_tstamp at = stamp(now);
  const std::size_t quantum = std::max(ngtcp2_conn_get_send_quantum(conn_.get()), 10 * max_datagram);
  std::size_t begin = 0;  // start of the current run of equal packets
  std::size_t used = 0;
  std::size_t segment = 0;  // 0: the run is empty
  std::size_t total = 0;
  bool going = emit_copies(now);
  if (queue_.background_backlog() > 0) {
    const Stats path = stats();
    scavenger_.measure(path.rtt, path.min_rtt, now);
  }
  const auto emit_run = [&] {
    if (segment > 0) going = emit(Bytes(burst).subspan(begin, used - begin), segment);
    begin = used;
    segment = 0;
  };
  while (going && total < quantum) {
    if (burst.size() - used < max_datagram ||
        (segment > 0 && (used - begin) / segment == Path::max_segments)) {
      emit_run();
      begin = used = 0;
      if (!going) break;
    }
    const std::ptrdiff_t size = write_packet(burst.data() + used, max_datagram, at);
    if (size < 0) handle_library_error(static_cast<int>(size));
    if (size <= 0) break;
    const auto length = static_cast<std::size_t>(size);
    copy_later(Bytes(burst).subspan(used, length), now);
    if (segment > 0 && length > segment) emit_run();
    if (segment == 0) segment = length;
    used += length;
    total += length;
    if (length < segment) emit_run();
  }
  emit_run();
  if (total > 0) sent_at_ = now;
  if (total > 0 && queue_.in_flight() > 0) unanswered_since_ = std::min(unanswered_since_, now);
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), at);
}

// Writes one packet. Returns its size, 0 if nothing can or need be sent now, or an ngtcp2 error.
std::ptrdiff_t Connection::Impl::write_packet(std::uint8_t *to, std::size_t room, std::uint64_t at) {
  ngtcp2_path_storage way;
  ngtcp2_path_storage_zero(&way);
  ngtcp2_pkt_info information{};
  SendQueue::Piece piece;
  std::array<ngtcp2_vec, SendQueue::max_parts> parts;
  fresh_ = 0;
  while (true) {
    const bool some = !closing_ && ngtcp2_conn_get_max_data_left(conn_.get()) > 0 &&
                      queue_.next(piece, scavenger_.window());
    std::int64_t id = -1;
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
    std::size_t count = 0;
    if (some) {
      id = static_cast<std::int64_t>(piece.id);
      flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
      if (piece.fin) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
      for (; count < piece.count; ++count)
        parts[count] = {const_cast<std::uint8_t *>(piece.parts[count].data()), piece.parts[count].size()};
    }
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize size = ngtcp2_conn_writev_stream(conn_.get(), &way.path, &information, to, room,
                                                        &taken, flags, id, parts.data(), count, at);
    if (some && taken >= 0) {
      queue_.written(piece, static_cast<std::size_t>(taken));
      fresh_ += static_cast<std::size_t>(taken);
    }
    switch (size) {
      case NGTCP2_ERR_WRITE_MORE:
        continue;
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        queue_.block(piece.id);
        continue;
      case NGTCP2_ERR_STREAM_SHUT_WR:
        // STOP_SENDING arrived. For a unidirectional stream stream_close() reports its code.
        queue_.end(piece.id);
        if (!is_unidirectional(piece.id)) on_stop_sending(piece.id, 0);
        continue;
      case NGTCP2_ERR_STREAM_NOT_FOUND:
        queue_.close(piece.id);
        continue;
      default:
        return size;
    }
  }
}

bool Connection::Impl::emit(Bytes packets, std::size_t segment) {
  const std::uint64_t count = (packets.size() + segment - 1) / segment;
  ++stats_.bursts;
  if (!out_.send(packets, segment)) {
    stats_.datagrams_unsent += count;
    return false;
  }
  stats_.datagrams_sent += count;
  stats_.bytes_sent += packets.size();
  return true;
}

bool Connection::Impl::emit_copies(Time now) {
  bool going = true;
  while (going && copies_.due() <= now) {
    const std::vector<std::uint8_t> packet = copies_.take();
    going = emit(packet, packet.size());
  }
  return going;
}

void Connection::Impl::copy_later(Bytes packet, Time now) {
  copies_.sent(packet.size());
  if (!established_ || !Copies::repeats(packet.size(), fresh_)) return;
  const Stats path = stats();
  copies_.repeated(packet, path.rtt - path.min_rtt, now);
}

void Connection::Impl::send_close(const compat::CloseError &error) {
  std::array<std::uint8_t, max_datagram> packet;
  ngtcp2_path_storage way;
  ngtcp2_path_storage_zero(&way);
  ngtcp2_pkt_info information{};
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
      conn_.get(), &way.path, &information, packet.data(), packet.size(), &error, stamp(now_));
  if (size <= 0) return;
  close_packet_.assign(packet.begin(), packet.begin() + size);
  emit(close_packet_, close_packet_.size());
}

// Answers the 1st, 2nd, 4th, 8th … late datagram, so that two closed ends do not answer each other for ever
// (RFC 9000, 10.2.1).
void Connection::Impl::repeat_close() {
  if (close_packet_.empty() || !std::has_single_bit(++after_close_)) return;
  emit(close_packet_, close_packet_.size());
}

}  // namespace astral::quic
