// SPDX-License-Identifier: BSD-3-Clause
// The state of a connection: its start in both roles, the calls that open and end streams, its end.
#include <arpa/inet.h>
#include <gnutls/crypto.h>

#include <algorithm>
#include <cassert>

#include "quic/connection_impl.hpp"
#include "quic/inside.hpp"

namespace astral::quic {
namespace {

constexpr std::size_t random_id_size = 4;  // short: behind a prefix, or on a Path of its own

sockaddr_in dummy(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

ngtcp2_cid random_id(std::size_t size) {
  ngtcp2_cid id{};
  id.datalen = size;
  const int status = gnutls_rnd(GNUTLS_RND_RANDOM, id.data, size);
  assert(status == 0);  // no random numbers, no keys
  static_cast<void>(status);
  return id;
}

ngtcp2_cid id_of(const std::vector<std::uint8_t> &bytes) {
  ngtcp2_cid id{};
  ngtcp2_cid_init(&id, bytes.data(), bytes.size());
  return id;
}

ngtcp2_duration duration(Time time) {
  return static_cast<ngtcp2_duration>(time.count());
}

}  // namespace

Connection::Impl::Impl(const Config &config, Handler &handler, Path &path, Time now)
    : config_(config),
      handler_(handler),
      out_(path),
      local_address_(dummy(INADDR_LOOPBACK, config.server ? 1 : 2)),
      remote_address_(dummy(INADDR_LOOPBACK, config.server ? 2 : 1)),
      opened_at_(now),
      now_(now) {}

Connection::Impl::~Impl() {
  assert(inside_ == 0);  // a Handler must not destroy the connection
}

ngtcp2_settings Connection::Impl::settings(Time now) const {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.cc_algo = compat::congestion_control;
  settings.initial_ts = quic::stamp(now);
  settings.initial_rtt = duration(config_.initial_rtt);
  settings.handshake_timeout = duration(config_.handshake_timeout);
  settings.max_tx_udp_payload_size = max_datagram;
  settings.max_window = connection_window;
  settings.max_stream_window = stream_window;
  return settings;
}

ngtcp2_transport_params Connection::Impl::params() const {
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_data = connection_window;
  params.initial_max_stream_data_bidi_local = stream_window;
  params.initial_max_stream_data_bidi_remote = stream_window;
  params.initial_max_stream_data_uni = stream_window;
  params.initial_max_streams_bidi = max_bidirectional;
  params.initial_max_streams_uni = max_unidirectional;
  params.max_datagram_frame_size = 65535;  // MOQT requires it (RFC 9221); datagrams are dropped
  params.disable_active_migration = 1;
  params.grease_quic_bit = 0;  // the bit tells QUIC from STUN (RFC 7983); ngtcp2 0.12 ignores this
  return params;
}

ngtcp2_cid Connection::Impl::new_id(std::size_t size) const {
  ngtcp2_cid id = random_id(size);
  std::copy_n(config_.id_prefix.begin(), std::min(config_.id_prefix.size(), size), id.data);
  return id;
}

ngtcp2_path Connection::Impl::path() const {
  ngtcp2_path path{};
  path.local.addr = reinterpret_cast<ngtcp2_sockaddr *>(const_cast<sockaddr_in *>(&local_address_));
  path.local.addrlen = sizeof local_address_;
  path.remote.addr = reinterpret_cast<ngtcp2_sockaddr *>(const_cast<sockaddr_in *>(&remote_address_));
  path.remote.addrlen = sizeof remote_address_;
  return path;
}

Expected<void> Connection::Impl::prepare_tls() {
  auto tls = Tls::open(config_.key, config_.peer_fingerprint, config_.alpn, config_.server);
  if (!tls) return tl::unexpected(tls.error());
  tls_ = std::move(*tls);
  return {};
}

Expected<void> Connection::Impl::begin_client(Time now) {
  if (auto prepared = prepare_tls(); !prepared) return prepared;
  const ngtcp2_cid theirs =
      config_.first_id.empty() ? random_id(NGTCP2_MIN_INITIAL_DCIDLEN) : id_of(config_.first_id);
  const ngtcp2_cid ours = new_id(config_.id_prefix.size() + random_id_size);
  const ngtcp2_path way = path();
  const ngtcp2_callbacks table = callbacks(false);
  const ngtcp2_settings chosen = settings(now);
  const ngtcp2_transport_params offered = params();
  ngtcp2_conn *conn = nullptr;
  const int status = ngtcp2_conn_client_new(&conn, &theirs, &ours, &way, NGTCP2_PROTO_VER_V1, &table, &chosen,
                                            &offered, nullptr, this);
  if (status != 0) return fail(Code::failed, std::string("no QUIC connection: ") + ngtcp2_strerror(status));
  adopt(conn);
  return {};
}

Expected<void> Connection::Impl::begin_server(const ngtcp2_pkt_hd &initial, Time now) {
  if (!tls_) {
    if (auto prepared = prepare_tls(); !prepared) return prepared;
  }
  const ngtcp2_cid ours = new_id(config_.id_prefix.size() + random_id_size);
  const ngtcp2_path way = path();
  const ngtcp2_callbacks table = callbacks(true);
  const ngtcp2_settings chosen = settings(now);
  ngtcp2_transport_params offered = params();
  compat::set_original_dcid(offered, initial.dcid);
  ngtcp2_conn *conn = nullptr;
  const int status = ngtcp2_conn_server_new(&conn, &initial.scid, &ours, &way, initial.version, &table,
                                            &chosen, &offered, nullptr, this);
  if (status != 0) return fail(Code::failed, std::string("no QUIC connection: ") + ngtcp2_strerror(status));
  adopt(conn);
  return {};
}

void Connection::Impl::adopt(ngtcp2_conn *conn) {
  conn_.reset(conn);
  tls_->attach(conn);
  if (config_.keep_alive > 0ns) ngtcp2_conn_set_keep_alive_timeout(conn, duration(config_.keep_alive));
}

void Connection::Impl::receive(Bytes datagram, Time now) {
  now_ = now;
  if (closed_) return repeat_close();
  ++stats_.datagrams_received;
  stats_.bytes_received += datagram.size();
  if (datagram.empty()) return;
  unanswered_since_ = never;
  receiving = this;
  {
    const Inside inside(inside_);
    if (conn_) {
      const ngtcp2_path way = path();
      const ngtcp2_pkt_info plain{};
      handle_read_status(
          ngtcp2_conn_read_pkt(conn_.get(), &way, &plain, datagram.data(), datagram.size(), stamp(now)));
    } else {
      receive_first(datagram, now);
    }
  }
  receiving = nullptr;
  settle();
}

// A datagram that is not a client's Initial leaves the server as it was.
void Connection::Impl::receive_first(Bytes datagram, Time now) {
  ngtcp2_pkt_hd initial{};
  if (ngtcp2_accept(&initial, datagram.data(), datagram.size()) != 0) return;
  if (!begin_server(initial, now)) return;
  const ngtcp2_path way = path();
  const ngtcp2_pkt_info plain{};
  const int status =
      ngtcp2_conn_read_pkt(conn_.get(), &way, &plain, datagram.data(), datagram.size(), stamp(now));
  if (decrypted_) return handle_read_status(status);
  conn_.reset();
  tls_.reset();
}

void Connection::Impl::handle_read_status(int status) {
  if (status == 0 || closing_) return;
  switch (status) {
    case NGTCP2_ERR_DRAINING: {
      const compat::CloseError error = compat::peers_close(conn_.get());
      const std::string_view words = as_text({error.reason, error.reasonlen});
      closing_ = Closing{compat::is_application(error) ? closed_by_application(error.error_code, words, true)
                                                       : closed_by_peer(error.error_code, words),
                         std::nullopt,
                         {}};
      return;
    }
    case NGTCP2_ERR_CRYPTO: {
      const std::uint8_t alert = ngtcp2_conn_get_tls_alert(conn_.get());
      closing_ = Closing{closed_by_tls(alert, tls_->objection()), compat::tls_close(alert), {}};
      return;
    }
    default:
      handle_library_error(status);
  }
}

void Connection::Impl::handle_library_error(int status) {
  if (closing_) return;
  const compat::CloseError error = compat::library_close(status);
  // With these two errors ngtcp2 drops the connection silently, because an answer would help an attacker.
  const bool silent = status == NGTCP2_ERR_DROP_CONN || status == NGTCP2_ERR_RETRY;
  closing_ =
      Closing{closed_by_library(status, error.error_code), silent ? std::nullopt : std::optional(error), {}};
}

void Connection::Impl::tick(Time now) {
  now_ = now;
  if (closed_) return;
  if (!conn_) {
    if (now - opened_at_ >= config_.handshake_timeout)
      end({closed_in_handshake(config_.handshake_timeout), std::nullopt, {}});
    return;
  }
  {
    const Inside inside(inside_);
    if (now >= probe_deadline()) ahead_ = std::max(ahead_, expiry() - now);
    const int status = ngtcp2_conn_handle_expiry(conn_.get(), stamp(now));
    if (status == NGTCP2_ERR_HANDSHAKE_TIMEOUT || (status == NGTCP2_ERR_IDLE_CLOSE && !established_))
      closing_ = Closing{closed_in_handshake(config_.handshake_timeout), std::nullopt, {}};
    else if (now >= idle_deadline())
      closing_ = Closing{closed_by_silence(config_.idle_timeout), std::nullopt, {}};
    else if (status != 0)
      handle_library_error(status);
    if (!closing_) write(now);
  }
  settle();
}

Time Connection::Impl::deadline() const {
  if (closed_) return never;
  if (!conn_) return opened_at_ + config_.handshake_timeout;
  const Time expires = expiry() == never ? never : expiry() - ahead_;
  return std::min({expires, idle_deadline(), probe_deadline(), copies_.due()});
}

// By ngtcp2's clock.
Time Connection::Impl::expiry() const {
  const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(conn_.get());
  return expiry >= static_cast<ngtcp2_tstamp>(never.count()) ? never : Time(static_cast<Time::rep>(expiry));
}

// QUIC doubles its probe timeout each time that nothing answers (RFC 9002, 6.2.1), and has no bound: after a
// line was cut for twelve seconds it would be silent for another ten. Media cannot wait for that. ngtcp2 has
// no setting for it, but it has no clock either: while data is unanswered, its time is set forward to the
// probe that it waits for.
Time Connection::Impl::probe_deadline() const {
  if (!established_ || unanswered_since_ == never || expiry() == never) return never;
  return sent_at_ + max_probe_interval;
}

std::uint64_t Connection::Impl::stamp(Time now) const {
  return quic::stamp(now + ahead_);
}

void Connection::Impl::flush(Time now) {
  now_ = now;
  if (closed_ || !conn_) return;
  {
    const Inside inside(inside_);
    write(now);
  }
  settle();
}

Expected<StreamId> Connection::Impl::open_stream(bool bidirectional) {
  if (closed_ || closing_ || !established_)
    return fail(Code::unreachable, "the connection is not established");
  std::int64_t id = -1;
  const int status = bidirectional ? ngtcp2_conn_open_bidi_stream(conn_.get(), &id, nullptr)
                                   : ngtcp2_conn_open_uni_stream(conn_.get(), &id, nullptr);
  if (status == NGTCP2_ERR_STREAM_ID_BLOCKED)
    return fail(Code::no_room, "the peer allows no more streams now");
  if (status != 0) return fail(Code::failed, std::string("no stream: ") + ngtcp2_strerror(status));
  const auto opened = static_cast<StreamId>(id);
  queue_.open(opened, default_priority);
  if (bidirectional) {
    incoming_.try_emplace(opened);
    ngtcp2_conn_set_stream_user_data(conn_.get(), id, this);
  }
  return opened;
}

void Connection::Impl::send(StreamId id, Slice data, bool fin) {
  if (closed_ || closing_) return;
  queue_.push(id, std::move(data), fin);
  assert(queue_.backlog() <= max_backlog);  // the caller's duty; elements/link closes stalled links
}

void Connection::Impl::reset(StreamId id, std::uint64_t code) {
  if (closed_ || closing_ || !queue_.end(id)) return;
  stop_reported_.insert(id);
  const int status = compat::reset_stream(conn_.get(), static_cast<std::int64_t>(id), code);
  if (status != 0) handle_library_error(status);
}

void Connection::Impl::stop_sending(StreamId id, std::uint64_t code) {
  if (closed_ || closing_) return;
  const auto found = incoming_.find(id);
  if (found == incoming_.end() || found->second.stopped) return;
  found->second.stopped = true;
  const int status = compat::stop_sending(conn_.get(), static_cast<std::int64_t>(id), code);
  if (status != 0) return handle_library_error(status);
  // 0.12 will report neither the FIN nor the close of this stream, so allow the peer another one now.
  if (compat::keeps_remote_streams && is_unidirectional(id)) forget_incoming(id);
}

void Connection::Impl::close(std::uint64_t code, std::string_view reason, Time now) {
  if (closed_ || closing_) return;
  now_ = now;
  // The reason goes out as given, shortened at a character boundary (UTF-8).
  std::string words(reason.substr(0, max_reason));
  while (words.size() < reason.size() && !words.empty() && (words.back() & 0x80)) words.pop_back();
  closing_ = Closing{closed_by_application(code, words, false), std::nullopt, std::move(words)};
  closing_->wire = compat::application_close(code, {});
  settle();
}

void Connection::Impl::settle() {
  if (inside_ > 0 || !closing_ || closed_) return;
  end(std::move(*closing_));
}

void Connection::Impl::end(Closing closing) {
  assert(!closed_ && inside_ == 0);  // settle() and tick() check this
  stats_ = stats();
  if (closing.wire && conn_) {
    if (!closing.words.empty())
      closing.wire = compat::application_close(closing.wire->error_code, closing.words);
    send_close(*closing.wire);
  }
  closed_ = true;
  conn_.reset();
  tls_.reset();
  queue_.clear();
  incoming_.clear();
  stop_reported_.clear();
  const Inside inside(inside_);
  handler_.on_closed(closing.reason);
}

Stats Connection::Impl::stats() const {
  Stats stats = stats_;
  if (!conn_) return stats;
  const compat::Information about = compat::information(conn_.get());
  if (about.min_rtt != UINT64_MAX) {
    stats.rtt = Time(static_cast<Time::rep>(about.smoothed_rtt));
    stats.min_rtt = Time(static_cast<Time::rep>(about.min_rtt));
  }
  stats.congestion_window = about.cwnd;
  return stats;
}

}  // namespace astral::quic
