// SPDX-License-Identifier: BSD-3-Clause
// Gives ngtcp2 0.12 and 1.x one set of names. The only file that looks at ngtcp2's version.
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <cstdint>
#include <string_view>

namespace astral::quic::compat {

#if NGTCP2_VERSION_NUM < 0x010000
using CloseError = ngtcp2_connection_close_error;
#else
using CloseError = ngtcp2_ccerr;
#endif

// ngtcp2 before 0.14 never closes a unidirectional stream of the peer.
inline constexpr bool keeps_remote_streams = NGTCP2_VERSION_NUM < 0x000e00;

// Under random loss CUBIC starves a live stream (1 % at 40 ms: seconds late); BBR does not. Of the two BBRs
// in 0.12, BBR2 loses far fewer packets than BBR at a bottleneck with a short queue (README.md). In 1.x, BBR
// is version 2.
#if NGTCP2_VERSION_NUM < 0x010000
inline constexpr ngtcp2_cc_algo congestion_control = NGTCP2_CC_ALGO_BBR2;
#else
inline constexpr ngtcp2_cc_algo congestion_control = NGTCP2_CC_ALGO_BBR;
#endif

// The BBR of 1.x takes random loss for congestion, and starves a live stream on a line that has it
// (README.md).
inline constexpr bool bears_random_loss = NGTCP2_VERSION_NUM < 0x010000;

inline const std::uint8_t *octets(std::string_view text) {
  return reinterpret_cast<const std::uint8_t *>(text.data());
}

// Keeps a pointer to `reason`.
inline CloseError application_close(std::uint64_t code, std::string_view reason) {
  CloseError error;
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_application_error(&error, code, octets(reason), reason.size());
#else
  ngtcp2_ccerr_default(&error);
  ngtcp2_ccerr_set_application_error(&error, code, octets(reason), reason.size());
#endif
  return error;
}

inline CloseError transport_close(std::uint64_t code, std::string_view reason) {
  CloseError error;
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_transport_error(&error, code, octets(reason), reason.size());
#else
  ngtcp2_ccerr_default(&error);
  ngtcp2_ccerr_set_transport_error(&error, code, octets(reason), reason.size());
#endif
  return error;
}

inline CloseError library_close(int status) {
  CloseError error;
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_transport_error_liberr(&error, status, nullptr, 0);
#else
  ngtcp2_ccerr_default(&error);
  ngtcp2_ccerr_set_liberr(&error, status, nullptr, 0);
#endif
  return error;
}

inline CloseError tls_close(std::uint8_t alert) {
  CloseError error;
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_connection_close_error_default(&error);
  ngtcp2_connection_close_error_set_transport_error_tls_alert(&error, alert, nullptr, 0);
#else
  ngtcp2_ccerr_default(&error);
  ngtcp2_ccerr_set_tls_alert(&error, alert, nullptr, 0);
#endif
  return error;
}

// The error that the peer closed with. Its `reason` points into the connection.
inline CloseError peers_close(ngtcp2_conn *conn) {
#if NGTCP2_VERSION_NUM < 0x010000
  CloseError error;
  ngtcp2_conn_get_connection_close_error(conn, &error);
  return error;
#else
  return *ngtcp2_conn_get_ccerr(conn);
#endif
}

inline bool is_application(const CloseError &error) {
#if NGTCP2_VERSION_NUM < 0x010000
  return error.type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION;
#else
  return error.type == NGTCP2_CCERR_TYPE_APPLICATION;
#endif
}

#if NGTCP2_VERSION_NUM < 0x010000
using Information = ngtcp2_conn_stat;
#else
using Information = ngtcp2_conn_info;
#endif

inline Information information(ngtcp2_conn *conn) {
  Information about{};
#if NGTCP2_VERSION_NUM < 0x010000
  ngtcp2_conn_get_conn_stat(conn, &about);
#else
  ngtcp2_conn_get_conn_info(conn, &about);
#endif
  return about;
}

inline int reset_stream(ngtcp2_conn *conn, std::int64_t id, std::uint64_t code) {
#if NGTCP2_VERSION_NUM < 0x010000
  return ngtcp2_conn_shutdown_stream_write(conn, id, code);
#else
  return ngtcp2_conn_shutdown_stream_write(conn, 0, id, code);
#endif
}

inline int stop_sending(ngtcp2_conn *conn, std::int64_t id, std::uint64_t code) {
#if NGTCP2_VERSION_NUM < 0x010000
  return ngtcp2_conn_shutdown_stream_read(conn, id, code);
#else
  return ngtcp2_conn_shutdown_stream_read(conn, 0, id, code);
#endif
}

inline void set_original_dcid(ngtcp2_transport_params &params, const ngtcp2_cid &dcid) {
  params.original_dcid = dcid;
#if NGTCP2_VERSION_NUM >= 0x010000
  params.original_dcid_present = 1;
#endif
}

}  // namespace astral::quic::compat
