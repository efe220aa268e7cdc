// SPDX-License-Identifier: BSD-3-Clause
// The implementation of Connection, in three sources: state.cpp (start and end), callbacks.cpp (ngtcp2's
// callbacks), writer.cpp (packets and bursts).
#pragma once

#include <netinet/in.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "quic/close_reason.hpp"
#include "quic/connection.hpp"
#include "quic/copies.hpp"
#include "quic/ngtcp2_compat.hpp"
#include "quic/scavenger.hpp"
#include "quic/send_queue.hpp"
#include "quic/tls.hpp"

namespace astral::quic {

//   waiting (server without a client) ──first Initial──▶ handshake ──confirmed──▶ established
//      └──────────────────────────────── closed ◀────────────┴──────────────────────┘
class Connection::Impl {
 public:
  Impl(const Config &config, Handler &handler, Path &path, Time now);
  ~Impl();
  Impl(const Impl &) = delete;
  Impl &operator=(const Impl &) = delete;

  Expected<void> prepare_tls();
  Expected<void> begin_client(Time now);

  void receive(Bytes datagram, Time now);
  void tick(Time now);
  Time deadline() const;
  void flush(Time now);
  Expected<StreamId> open_stream(bool bidirectional);
  void send(StreamId id, Slice data, bool fin);
  void reset(StreamId id, std::uint64_t code);
  void stop_sending(StreamId id, std::uint64_t code);
  void close(std::uint64_t code, std::string_view reason, Time now);
  bool established() const { return established_; }
  bool closed() const { return closed_; }
  Stats stats() const;
  SendQueue &queue() { return queue_; }
  Time unanswered_since() const { return unanswered_since_; }
  Time heard_at() const { return heard_at_; }

 private:
  struct ConnDelete {
    void operator()(ngtcp2_conn *conn) const { ngtcp2_conn_del(conn); }
  };
  // The receiving side of a stream, until it ends.
  struct Incoming {
    bool stopped = false;  // deliver nothing more
  };
  struct Closing {
    CloseReason reason;
    std::optional<compat::CloseError> wire;  // what to tell the peer; nullopt: nothing
    std::string words;                       // the text that `wire` points to
  };

  // state.cpp
  Expected<void> begin_server(const ngtcp2_pkt_hd &initial, Time now);
  void adopt(ngtcp2_conn *conn);
  void receive_first(Bytes datagram, Time now);
  void handle_read_status(int status);
  void handle_library_error(int status);
  void end(Closing closing);
  void settle();
  ngtcp2_settings settings(Time now) const;
  ngtcp2_transport_params params() const;
  ngtcp2_path path() const;
  ngtcp2_cid new_id(std::size_t size) const;

  Time idle_deadline() const { return established_ ? heard_at_ + config_.idle_timeout : never; }
  Time probe_deadline() const;
  Time expiry() const;
  std::uint64_t stamp(Time now) const;

  // writer.cpp
  void write(Time now);
  std::ptrdiff_t write_packet(std::uint8_t *to, std::size_t room, std::uint64_t stamp);
  bool emit(Bytes packets, std::size_t segment);
  bool emit_copies(Time now);
  void copy_later(Bytes packet, Time now);
  void send_close(const compat::CloseError &error);
  void repeat_close();

  // callbacks.cpp
  struct Callbacks;
  static ngtcp2_callbacks callbacks(bool server);  // ngtcp2's user_data is the Impl
  static thread_local Impl *receiving;
  void on_established();
  void on_stream_data(StreamId id, Bytes data, bool fin);
  void on_stream_reset(StreamId id, std::uint64_t code, bool recorded);
  void on_stream_open(StreamId id);
  void on_stream_close(StreamId id, std::optional<std::uint64_t> code);
  void on_stop_sending(StreamId id, std::uint64_t code);
  void forget_incoming(StreamId id);
  bool local(StreamId id) const { return opened_by_server(id) == config_.server; }

  const Config config_;
  Handler &handler_;
  Path &out_;
  sockaddr_in local_address_{};  // constant dummies: the Path knows the real addresses
  sockaddr_in remote_address_{};
  const Time opened_at_;
  Time now_;
  std::unique_ptr<Tls> tls_;
  std::unique_ptr<ngtcp2_conn, ConnDelete> conn_;  // declared after tls_, so destroyed before it
  SendQueue queue_;
  Scavenger scavenger_;
  Copies copies_;
  std::size_t fresh_ = 0;  // bytes of the latest packet that were never sent before
  std::map<StreamId, Incoming> incoming_;
  std::set<StreamId> stop_reported_;        // streams whose end of sending was reported to the handler
  std::optional<Closing> closing_;          // requested inside a call, carried out by settle()
  std::vector<std::uint8_t> close_packet_;  // the packet with CONNECTION_CLOSE
  std::uint64_t after_close_ = 0;           // datagrams that arrived after it was sent
  Time unanswered_since_ = never;
  Time heard_at_{};  // a packet of the peer has been decrypted
  Time sent_at_{};   // a packet has been sent
  Time ahead_{};     // how far ngtcp2's clock is ahead of ours, see probe_deadline()
  int inside_ = 0;
  bool decrypted_ = false;  // a packet has been decrypted
  bool established_ = false;
  bool closed_ = false;
  Stats stats_;
};

}  // namespace astral::quic
