// SPDX-License-Identifier: BSD-3-Clause
// Packets and bursts: fills packets from the queue and hands runs of equal size to the Path in one go.
#include <algorithm>
#include <array>
#include <bit>

#include "quic/connection_impl.hpp"
#include "quic/inside.hpp"

namespace astral::quic {
namespace {

// Shared by the connections of a thread: it is only used within one write().
thread_local std::array<std::uint8_t, Path::max_burst> burst;

}  // namespace

void Connection::Impl::write(Time now) {
  const ngtcp2_tstamp at = stamp(now);
  const std::size_t quantum = std::max(ngtcp2_conn_get_send_quantum(conn_.get()), 10 * max_datagram);
  std::size_t begin = 0;  // of the run that is being collected
  std::size_t used = 0;
  std::size_t segment = 0;  // 0: the run is empty
  std::size_t total = 0;
  bool going = true;
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
    if (segment > 0 && length > segment) emit_run();
    if (segment == 0) segment = length;
    used += length;
    total += length;
    if (length < segment) emit_run();
  }
  emit_run();
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), at);
}

// One packet: its size, 0 when nothing may or need be sent now, or an error of ngtcp2.
std::ptrdiff_t Connection::Impl::write_packet(std::uint8_t *to, std::size_t room, std::uint64_t at) {
  ngtcp2_path_storage way;
  ngtcp2_path_storage_zero(&way);
  ngtcp2_pkt_info information{};
  SendQueue::Piece piece;
  std::array<ngtcp2_vec, SendQueue::max_parts> parts;
  while (true) {
    const bool some = !closing_ && ngtcp2_conn_get_max_data_left(conn_.get()) > 0 && queue_.next(piece);
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
    if (some && taken >= 0) queue_.written(piece, static_cast<std::size_t>(taken));
    switch (size) {
      case NGTCP2_ERR_WRITE_MORE:
        continue;
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        queue_.block(piece.id);
        continue;
      case NGTCP2_ERR_STREAM_SHUT_WR:  // STOP_SENDING came; of a unidirectional one stream_close tells the
                                       // code
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

void Connection::Impl::send_close(const compat::CloseError &error) {
  std::array<std::uint8_t, max_datagram> packet;
  ngtcp2_path_storage way;
  ngtcp2_path_storage_zero(&way);
  ngtcp2_pkt_info information{};
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
      conn_.get(), &way.path, &information, packet.data(), packet.size(), &error, stamp(now_));
  if (size <= 0) return;
  last_words_.assign(packet.begin(), packet.begin() + size);
  emit(last_words_, last_words_.size());
}

// RFC 9000, 10.2.1: ever more rarely, so that two ends never answer each other for ever.
void Connection::Impl::repeat_close() {
  if (last_words_.empty() || !std::has_single_bit(++strays_)) return;
  emit(last_words_, last_words_.size());
}

}  // namespace astral::quic
