// SPDX-License-Identifier: BSD-3-Clause
// ngtcp2's callbacks, translated into calls of the Handler.
#include <gnutls/crypto.h>

#include <cassert>

#include "quic/connection_impl.hpp"
#include "quic/inside.hpp"

namespace astral::quic {
namespace {

StreamId unsigned_id(std::int64_t id) {
  return static_cast<StreamId>(id);
}

}  // namespace

thread_local Connection::Impl *Connection::Impl::receiving = nullptr;

struct Connection::Impl::Callbacks {
  static Impl &impl(void *user) { return *static_cast<Impl *>(user); }

  static int recv_stream_data(ngtcp2_conn *, std::uint32_t flags, std::int64_t id, std::uint64_t,
                              const std::uint8_t *data, std::size_t size, void *user, void *) noexcept {
    impl(user).on_stream_data(unsigned_id(id), {data, size}, flags & NGTCP2_STREAM_DATA_FLAG_FIN);
    return 0;
  }
  static int stream_reset(ngtcp2_conn *, std::int64_t id, std::uint64_t, std::uint64_t code, void *user,
                          void *mark) noexcept {
    impl(user).on_stream_reset(unsigned_id(id), code, mark != nullptr);
    return 0;
  }
  static int stream_open(ngtcp2_conn *, std::int64_t id, void *user) noexcept {
    impl(user).on_stream_open(unsigned_id(id));
    return 0;
  }
  static int stream_close(ngtcp2_conn *, std::uint32_t flags, std::int64_t id, std::uint64_t code, void *user,
                          void *) noexcept {
    const bool coded = flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET;
    impl(user).on_stream_close(unsigned_id(id), coded ? std::optional(code) : std::nullopt);
    return 0;
  }
  static int acked(ngtcp2_conn *, std::int64_t id, std::uint64_t offset, std::uint64_t size, void *user,
                   void *) noexcept {
    impl(user).queue_.acknowledge(unsigned_id(id), offset + size);
    return 0;
  }
  static int more_stream_data(ngtcp2_conn *, std::int64_t id, std::uint64_t, void *user, void *) noexcept {
    impl(user).queue_.unblock(unsigned_id(id));
    return 0;
  }
  static int more_streams(ngtcp2_conn *, std::uint64_t, void *user) noexcept {
    Impl &self = impl(user);
    if (self.established_ && !self.closing_) self.handler_.on_stream_credit();
    return 0;
  }
  static int established(ngtcp2_conn *, void *user) noexcept {
    impl(user).on_established();
    return 0;
  }
  static void random(std::uint8_t *to, std::size_t size, const ngtcp2_rand_ctx *) noexcept {
    const int status = gnutls_rnd(GNUTLS_RND_RANDOM, to, size);
    assert(status == 0);  // no random numbers, no keys: the process cannot go on
    static_cast<void>(status);
  }
  static int new_connection_id(ngtcp2_conn *, ngtcp2_cid *id, std::uint8_t *token, std::size_t size,
                               void *user) noexcept {
    *id = impl(user).new_id(size);
    random(token, NGTCP2_STATELESS_RESET_TOKENLEN, nullptr);
    return 0;
  }
  // It gets no user data, so receive() says for whom it runs.
  static int decrypt(std::uint8_t *to, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *key,
                     const std::uint8_t *from, std::size_t size, const std::uint8_t *nonce,
                     std::size_t nonce_size, const std::uint8_t *header, std::size_t header_size) noexcept {
    const int status =
        ngtcp2_crypto_decrypt_cb(to, aead, key, from, size, nonce, nonce_size, header, header_size);
    if (status == 0 && receiving) receiving->heard_at_ = receiving->now_;
    return status;
  }
  // Runs when the first packet could be decrypted: from now on a server has a client. The type of `level`
  // differs between the ngtcp2 versions, so this is a template.
  template <typename Level>
  static int crypto_data(ngtcp2_conn *conn, Level level, std::uint64_t offset, const std::uint8_t *data,
                         std::size_t size, void *user) noexcept {
    impl(user).decrypted_ = true;
    return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, size, user);
  }
};

ngtcp2_callbacks Connection::Impl::callbacks(bool server) {
  ngtcp2_callbacks table{};
  if (server) {
    table.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    table.handshake_completed = Callbacks::established;  // the client's key has been checked by now
  } else {
    table.client_initial = ngtcp2_crypto_client_initial_cb;
    table.recv_retry = ngtcp2_crypto_recv_retry_cb;
    table.handshake_confirmed = Callbacks::established;
  }
  table.recv_crypto_data = Callbacks::crypto_data;
  table.encrypt = ngtcp2_crypto_encrypt_cb;
  table.decrypt = Callbacks::decrypt;
  table.hp_mask = ngtcp2_crypto_hp_mask_cb;
  table.update_key = ngtcp2_crypto_update_key_cb;
  table.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  table.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  table.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  table.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  table.rand = Callbacks::random;
  table.get_new_connection_id = Callbacks::new_connection_id;
  table.recv_stream_data = Callbacks::recv_stream_data;
  table.stream_open = Callbacks::stream_open;
  table.stream_reset = Callbacks::stream_reset;
  table.stream_close = Callbacks::stream_close;
  table.acked_stream_data_offset = Callbacks::acked;
  table.extend_max_stream_data = Callbacks::more_stream_data;
  table.extend_max_local_streams_bidi = Callbacks::more_streams;
  table.extend_max_local_streams_uni = Callbacks::more_streams;
  return table;
}

void Connection::Impl::on_established() {
  if (established_ || closing_) return;
  established_ = true;
  handler_.on_established();
}

void Connection::Impl::on_stream_open(StreamId id) {
  incoming_.try_emplace(id);
  // Any value but null: on_stream_reset() sees by it that ngtcp2 keeps a record of this stream.
  ngtcp2_conn_set_stream_user_data(conn_.get(), static_cast<std::int64_t>(id), this);
  if (!is_unidirectional(id)) queue_.open(id, default_priority);
}

void Connection::Impl::on_stream_data(StreamId id, Bytes data, bool fin) {
  // A client may get data of the server's first streams before the packet that confirms the handshake. At
  // that point each end has checked the other's key.
  on_established();
  const auto found = incoming_.find(id);
  const bool wanted = found != incoming_.end() && !found->second.stopped;
  if (wanted && !closing_) handler_.on_stream_data(id, data, fin);
  ngtcp2_conn_extend_max_stream_offset(conn_.get(), static_cast<std::int64_t>(id), data.size());
  ngtcp2_conn_extend_max_offset(conn_.get(), data.size());
  if (fin && is_unidirectional(id)) forget_incoming(id);
}

void Connection::Impl::on_stream_reset(StreamId id, std::uint64_t code, bool recorded) {
  on_established();
  if (!recorded) {  // RESET_STREAM came first: ngtcp2 itself allows another stream
    if (!closing_) handler_.on_stream_reset(id, code);
    return;
  }
  const auto found = incoming_.find(id);
  if (found == incoming_.end() || found->second.stopped) return;
  found->second.stopped = true;
  if (!closing_) handler_.on_stream_reset(id, code);
  if (is_unidirectional(id)) forget_incoming(id);
}

// The receiving side of a unidirectional stream of the peer has ended: allow the peer another one. We count
// this ourselves, because ngtcp2 does not close such a stream (0.12 never, 1.x not after a reset that came
// first).
void Connection::Impl::forget_incoming(StreamId id) {
  if (incoming_.erase(id) == 0) return;
  ngtcp2_conn_extend_max_streams_uni(conn_.get(), 1);
  if (++stats_.kept_streams < max_kept_streams || closing_) return;
  const CloseReason reason{CloseReason::Kind::transport, false, NGTCP2_INTERNAL_ERROR,
                           Error{Code::unreachable, "too many streams for one connection"}};
  closing_ = Closing{reason, compat::transport_close(NGTCP2_INTERNAL_ERROR, {}), {}};
}

void Connection::Impl::on_stream_close(StreamId id, std::optional<std::uint64_t> code) {
  stats_.packets_lost += ngtcp2_conn_get_stream_loss_count(conn_.get(), static_cast<std::int64_t>(id));
  if (local(id) && is_unidirectional(id) && code) on_stop_sending(id, *code);
  stop_reported_.erase(id);
  queue_.close(id);
  if (!local(id) && is_unidirectional(id)) {
    forget_incoming(id);
    --stats_.kept_streams;
    return;
  }
  incoming_.erase(id);
  if (!local(id)) ngtcp2_conn_extend_max_streams_bidi(conn_.get(), 1);
}

void Connection::Impl::on_stop_sending(StreamId id, std::uint64_t code) {
  queue_.end(id);
  if (stop_reported_.insert(id).second && !closing_) handler_.on_stop_sending(id, code);
}

}  // namespace astral::quic
