// SPDX-License-Identifier: BSD-3-Clause
// The TLS 1.3 session of one connection: raw Ed25519 public keys in both directions (RFC 7250). Accepts only
// the peer with the expected fingerprint. The only file that sees a GnuTLS session.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/key.hpp"
#include "quic/ngtcp2_compat.hpp"

typedef struct gnutls_session_int *gnutls_session_t;
typedef struct gnutls_certificate_credentials_st *gnutls_certificate_credentials_t;

namespace astral::quic {

class Tls {
 public:
  static Expected<std::unique_ptr<Tls>> open(const Key &key, const Fingerprint &peer, const std::string &alpn,
                                             bool server);
  ~Tls();
  Tls(const Tls &) = delete;
  Tls &operator=(const Tls &) = delete;

  // Binds `conn` to this session. Destroy `conn` first.
  void attach(ngtcp2_conn *conn);

  // What is wrong with the peer's key; empty if nothing is.
  const std::string &objection() const { return objection_; }

 private:
  explicit Tls(const Fingerprint &peer) : peer_(peer) {}
  static int check_peer(gnutls_session_t session) noexcept;
  int check(gnutls_session_t session);

  const Fingerprint peer_;
  std::string objection_;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_session_t session_ = nullptr;
  ngtcp2_conn *conn_ = nullptr;
  ngtcp2_crypto_conn_ref reference_{};
};

}  // namespace astral::quic
